/**
 * Stable hashes for rings, affinity and digests: the same on every worker, replica and run.
 * FNV-1a over UTF-16 code units with a final mix (MurmurHash3 finaliser), 32 bits.
 */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return mix32(hash);
}

/** Spreads the bits of a 32-bit number; a bijection. Source: MurmurHash3 fmix32. */
export function mix32(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
