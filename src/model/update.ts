import type { Certificate } from './certificate.ts';
import type { CertificateId, HostPattern, ListenerId, UpstreamId } from './ids.ts';
import type { Listener } from './listener.ts';
import type { ProxyOptions } from './proxy-options.ts';
import type { VirtualHost } from './route.ts';
import type { Snapshot } from './snapshot.ts';
import type { Upstream } from './upstream.ts';

/** Entries of one map that are new or differ, and the keys that went. */
export interface MapUpdate<K, V> {
  readonly set: ReadonlyMap<K, V>;
  readonly removed: readonly K[];
}

/** Difference of two snapshots: what crosses the process boundary. */
export interface SnapshotUpdate {
  /** Version that the receiver must hold; 0 stands for `emptySnapshot`. */
  readonly from: number;
  readonly to: number;
  readonly listeners: MapUpdate<ListenerId, Listener>;
  readonly virtualHosts: MapUpdate<HostPattern, VirtualHost>;
  readonly upstreams: MapUpdate<UpstreamId, Upstream>;
  readonly certificates: MapUpdate<CertificateId, Certificate>;
  /** Absent: as before. */
  readonly options?: ProxyOptions;
}

/** Law: `applyUpdate(a, structuredClone(diffSnapshots(a, b)))` equals `b`. Entries with the same identity cost nothing. */
export function diffSnapshots(previous: Snapshot, next: Snapshot): SnapshotUpdate {
  return {
    from: previous.version,
    to: next.version,
    listeners: diffMaps(previous.listeners, next.listeners),
    virtualHosts: diffMaps(previous.virtualHosts, next.virtualHosts),
    upstreams: diffMaps(previous.upstreams, next.upstreams),
    certificates: diffMaps(previous.certificates, next.certificates),
    ...(equalData(previous.options, next.options) ? {} : { options: next.options }),
  };
}

/** Whether an update changes anything but the version. */
export function isEmptyUpdate(update: SnapshotUpdate): boolean {
  const maps = [update.listeners, update.virtualHosts, update.upstreams, update.certificates];
  return update.options === undefined && maps.every((map) => map.set.size === 0 && map.removed.length === 0);
}

/** Unchanged entries, and maps without any change, keep their identity. */
export function applyUpdate(previous: Snapshot, update: SnapshotUpdate): Snapshot {
  return {
    version: update.to,
    listeners: applyMap(previous.listeners, update.listeners),
    virtualHosts: applyMap(previous.virtualHosts, update.virtualHosts),
    upstreams: applyMap(previous.upstreams, update.upstreams),
    certificates: applyMap(previous.certificates, update.certificates),
    options: update.options ?? previous.options,
  };
}

function diffMaps<K, V>(previous: ReadonlyMap<K, V>, next: ReadonlyMap<K, V>): MapUpdate<K, V> {
  const set = new Map<K, V>();
  const removed: K[] = [];
  if (previous === next) return { set, removed };
  for (const [key, value] of next) if (!equalData(previous.get(key), value)) set.set(key, value);
  for (const key of previous.keys()) if (!next.has(key)) removed.push(key);
  return { set, removed };
}

function applyMap<K, V>(previous: ReadonlyMap<K, V>, update: MapUpdate<K, V>): ReadonlyMap<K, V> {
  if (update.set.size === 0 && update.removed.length === 0) return previous;
  const next = new Map(previous);
  for (const key of update.removed) next.delete(key);
  for (const [key, value] of update.set) next.set(key, value);
  return next;
}

/**
 * Deep equality of plain trees of objects, arrays, maps and primitives. Equal identity ends the walk. A field that is
 * `undefined` differs from an absent one; the order of fields and of map entries does not matter.
 */
export function equalData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && equalItems(a, b);
  if (a instanceof Map || b instanceof Map) return a instanceof Map && b instanceof Map && equalEntries(a, b);
  return equalFields(a, b);
}

function equalItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, at) => equalData(item, b[at]));
}

function equalEntries(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (!b.has(key) || !equalData(value, b.get(key))) return false;
  return true;
}

/** Runs over every object of the model: no list of pairs, no map on the side. */
function equalFields(a: object, b: object): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalData(Reflect.get(a, key), Reflect.get(b, key)));
}
