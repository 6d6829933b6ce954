import { quoted } from '../objects/field-reader.ts';

/** A DNS name that may be connected to, or why not. */
export type NameCheck =
  | { readonly kind: 'name'; /** Lower-case, with a dot at the end. */ readonly absolute: string }
  | { readonly kind: 'refused'; readonly why: string };

/** Of a name: letters, digits, dashes, and underscores, which SRV-like names have. */
const label = /^[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?$/;

/**
 * Whether a tenant may send requests to a DNS name. The name comes back absolute, so that the search domains of the
 * pod cannot turn `payments.prod` into a Service of another namespace. Names inside the cluster must be of the own
 * namespace, under whatever domain the cluster has. Whoever connects still refuses the addresses of threats R-70.
 * Source: threats 7.5.
 * @param namespace  of the Service that says it
 */
export function checkExternalName(text: string, namespace: string): NameCheck {
  const name = text.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  const refused = (why: string): NameCheck => ({ kind: 'refused', why: `${quoted(text)} ${why}` });
  if (name.length > 253 || !labels.every((part) => label.test(part))) return refused('is not a DNS name');
  if (isAddress(labels)) return refused('is an address, not a name');
  if (labels.at(-1) === 'localhost') return refused('is the machine that Fairway runs on');
  if (labels.length < 2) return refused('has only one label, and could be any host of the cluster');
  if (!isOwnNamespace(labels, namespace)) return refused('is inside the cluster, and not in the own namespace');
  return { kind: 'name', absolute: `${name}.` };
}

/** Resolvers read names that end in a number as addresses, also in the odd forms: `127.1`, `0x7f.1`. */
function isAddress(labels: readonly string[]): boolean {
  return /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '');
}

/** `name.namespace.svc.<domain>` and `address.namespace.pod.<domain>`; anything else under cluster.local is refused. */
function isOwnNamespace(labels: readonly string[], namespace: string): boolean {
  const at = labels.findIndex((part, index) => index >= 2 && (part === 'svc' || part === 'pod'));
  if (at >= 0) return labels[at - 1] === namespace;
  return !(labels.at(-2) === 'cluster' && labels.at(-1) === 'local');
}
