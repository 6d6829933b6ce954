import { hash32, mix32 } from '../../lib/hash.ts';
import type { Snapshot } from '../../model/snapshot.ts';

/** Hash of each entry that was seen, so that a scrape after a small change looks at that change only. */
const known: WeakMap<object, number> = new WeakMap();

/**
 * Number for what a snapshot serves: equal on replicas that are in step, so without the version, and without the
 * self-signed default certificate, which every replica makes for itself. 53 bits, all that a metric can hold.
 */
export function configHash(snapshot: Snapshot): number {
  const { defaultCertificate, ...options } = snapshot.options;
  let hash = hash32(JSON.stringify(options));
  let second = 0;
  const add = (text: string): void => {
    hash = (hash ^ hash32(text)) >>> 0;
    second = (second ^ mix32(hash32(`${text}+`))) >>> 0;
  };
  if (defaultCertificate !== undefined && !isSelfMade(defaultCertificate)) add(`default ${defaultCertificate}`);
  for (const [id, one] of snapshot.listeners) add(`listener ${id} ${hashOf(one)}`);
  for (const [host, one] of snapshot.virtualHosts) add(`host ${host} ${hashOf(one)}`);
  for (const [id, one] of snapshot.upstreams) add(`upstream ${id} ${hashOf(one)}`);
  for (const id of snapshot.certificates.keys()) if (!isSelfMade(id)) add(`certificate ${id}`);
  return hash * 2 ** 21 + (second >>> 11);
}

function isSelfMade(certificate: string): boolean {
  return certificate.startsWith('default@');
}

function hashOf(entry: object): number {
  const before = known.get(entry);
  if (before !== undefined) return before;
  const hash = hash32(JSON.stringify(entry));
  known.set(entry, hash);
  return hash;
}
