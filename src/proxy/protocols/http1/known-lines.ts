import { detached } from './characters.ts';

/** One field line that was read, checked and taken apart before. */
export interface KnownLine {
  /** Without its line end. */
  readonly text: string;
  readonly name: string;
  readonly value: string;
}

const slotCount = 2048;
/** Longer ones seldom come again. */
const longestLine = 160;
const shortestLine = 4;

/**
 * Lines that came more than once in this process, as HPACK remembers fields for one connection: most lines of most heads
 * are the same again and again, and comparing one costs a quarter of reading it. Strings that are the same object make
 * all that follows cheaper as well. Shape: `[hash % slotCount]`.
 */
const lines: (KnownLine | undefined)[] = Array.from({ length: slotCount }, () => undefined);
/** Hash of the last line of each slot: what comes once, such as an id, drives out nothing. */
const seen = new Int32Array(slotCount);

/** Whether a field may hold what somebody proves himself by, which is not kept longer than its exchange. */
export function isSecretName(name: string): boolean {
  return secret.test(name);
}

const secret = /^(?:proxy-)?authorization$|^(?:set-)?cookie$|token|secret|key/i;

/** The line [from, end) of `text`, when it is known. */
export function knownLine(text: string, from: number, end: number): KnownLine | undefined {
  const length = end - from;
  if (length > longestLine || length < shortestLine) return undefined;
  const known = lines[hashOf(text, from, length) & (slotCount - 1)];
  // Not `startsWith`, which V8 turns into a loop over characters.
  return known !== undefined && known.text.length === length && text.slice(from, end) === known.text
    ? known
    : undefined;
}

/** Another line was read and found good. It is remembered the second time. */
export function rememberLine(text: string, from: number, end: number, name: string, value: string): void {
  const length = end - from;
  if (length > longestLine || length < shortestLine) return;
  const hash = hashOf(text, from, length);
  const slot = hash & (slotCount - 1);
  if (seen[slot] !== hash) {
    seen[slot] = hash;
    return;
  }
  if (isSecretName(name)) return;
  lines[slot] = { text: detached(text.slice(from, end)), name: sharedName(name), value: detached(value) };
}

/** Samples are enough: what is found is compared. Lines differ most at their ends. */
function hashOf(text: string, from: number, length: number): number {
  const end = from + length;
  let hash = Math.imul(length, 0x2c1b3c6d) ^ text.charCodeAt(from);
  hash = Math.imul(hash ^ text.charCodeAt(end - 1), 0x297a2d39);
  hash = Math.imul(hash ^ text.charCodeAt(end - 2), 0x2c1b3c6d);
  hash = Math.imul(hash ^ text.charCodeAt(end - 3), 0x297a2d39);
  hash = Math.imul(hash ^ text.charCodeAt(from + (length >> 1)), 0x2c1b3c6d);
  hash = Math.imul(hash ^ text.charCodeAt(from + (length >> 2)), 0x297a2d39);
  return hash ^ (hash >>> 15);
}

/** One object for each spelling of a name. Bounded. */
const names = new Map<string, string>();
const mostNames = 1024;

function sharedName(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size >= mostNames) names.clear();
  const own = detached(name);
  names.set(own, own);
  return own;
}
