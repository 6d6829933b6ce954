import { isIPv4, isIPv6 } from 'node:net';

/**
 * An address as 16 bytes; IPv4 is mapped into IPv6 (`::ffff:a.b.c.d`), so that both are one kind.
 * @param text  IPv4 or IPv6 without brackets; a zone after `%` is left out
 * Source: RFC 4291 sections 2.2 and 2.5.5.2.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return mapped(text);
  const [address = ''] = text.split('%', 1);
  if (!isIPv6(address)) return undefined;
  const lastColon = address.lastIndexOf(':');
  const tail = address.slice(lastColon + 1);
  const embedded = isIPv4(tail) ? mapped(tail).subarray(12) : undefined;
  const groups = embedded === undefined ? address : `${address.slice(0, lastColon + 1)}${hexGroups(embedded)}`;
  return fromGroups(groups);
}

/** An address the short way: IPv4 that a socket for both kinds shows as `::ffff:a.b.c.d` is printed as IPv4. */
export function plainAddress(text: string): string {
  return text.startsWith('::ffff:') && isIPv4(text.slice(7)) ? text.slice(7) : text;
}

/** Networks, for example of trusted proxies. */
export class CidrSet {
  readonly #networks: readonly Network[];
  /** Answers for the last addresses; peers repeat. Bounded. */
  readonly #known = new Map<string, boolean>();

  /** @param texts  `a.b.c.d/n`, `x::/n` or a single address; others are left out, the control process refuses them */
  constructor(texts: readonly string[]) {
    this.#networks = texts.flatMap((text) => parseNetwork(text) ?? []);
  }

  has(address: string): boolean {
    if (this.#networks.length === 0) return false;
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const bytes = parseAddress(address);
    const inside = bytes !== undefined && this.#networks.some((network) => contains(network, bytes));
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(address, inside);
    return inside;
  }
}

const mostKnown = 4096;

interface Network {
  readonly bytes: Uint8Array;
  /** Leading bits that count, of 128. */
  readonly bits: number;
}

/** Whether a text is an address or a network in CIDR notation. */
export function isCidr(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

function parseNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const bytes = parseAddress(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  const offset = isIPv4(address) ? 96 : 0;
  if (length === undefined) return { bytes, bits: 128 };
  if (!/^[0-9]{1,3}$/.test(length) || Number(length) > 128 - offset) return undefined;
  return { bytes, bits: offset + Number(length) };
}

function contains(network: Network, address: Uint8Array): boolean {
  const whole = network.bits >>> 3;
  for (let at = 0; at < whole; at += 1) if (network.bytes[at] !== address[at]) return false;
  const mask = (0xff00 >>> (network.bits & 7)) & 0xff;
  return ((network.bytes[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

function mapped(ipv4: string): Uint8Array {
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...ipv4.split('.').map(Number)]);
}

function hexGroups(four: Uint8Array): string {
  const [a = 0, b = 0, c = 0, d = 0] = four;
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function fromGroups(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from<number>({ length: 8 - left.length - right.length }).fill(0);
  return Uint8Array.from([...left, ...zeros, ...right].flatMap((group) => [group >>> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
