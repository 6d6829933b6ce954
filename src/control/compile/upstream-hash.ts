import { hash32 } from '../../lib/hash.ts';
import type { UpstreamId } from '../../model/ids.ts';

/** Stands for an upstream in session cookies: 32 hexadecimal digits, the same on every replica. */
export function upstreamHash(upstream: UpstreamId): string {
  return [0, 1, 2, 3].map((seed) => hash32(`${seed} ${upstream}`).toString(16).padStart(8, '0')).join('');
}
