import type { RecordWithTtl } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import type { LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';

import { messageOf } from '../../../lib/error-text.ts';

/** Endpoints of ExternalName Services have names; every other endpoint has an address and never comes here. */

/** IPv4 networks that a name of a tenant must not lead to (threats R-70). */
const deniedNetworks: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const deniedNetworks6: readonly (readonly [string, number])[] = [
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

interface KnownName {
  readonly addresses: readonly string[];
  readonly freshUntil: number;
  readonly usableUntil: number;
}

const minimumMs = 5_000;
const maximumMs = 60_000;
/** A name that resolved once goes on while DNS is down (faults F-75). */
const keepMs = 3_600_000;
const nameLimit = 1_000;
const addressLimit = 64;

/** Whether a connection to this address is refused because it came from DNS. Checked on the address, after DNS. */
export function isDeniedAddress(address: string): boolean {
  return denied.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Names to addresses, with a memory. Uses the resolver library, because getaddrinfo would occupy a thread per name. */
export class EndpointNames {
  readonly #known = new Map<string, KnownName>();
  readonly #running = new Map<string, Promise<readonly string[]>>();
  readonly #resolver: Pick<Resolver, 'resolve4' | 'resolve6'>;
  readonly #now: () => number;

  constructor(resolver: Pick<Resolver, 'resolve4' | 'resolve6'>, now: () => number) {
    this.#resolver = resolver;
    this.#now = now;
  }

  /** @throws Error `ENOTFOUND` when nothing usable is known; `EDENIED` when all addresses are refused */
  async addressesOf(name: string): Promise<readonly string[]> {
    const known = this.#known.get(name);
    if (known !== undefined && known.freshUntil > this.#now()) return known.addresses;
    const running = this.#running.get(name) ?? this.#resolve(name);
    this.#running.set(name, running);
    try {
      return await running;
    } catch (error) {
      if (known !== undefined && known.usableUntil > this.#now()) return known.addresses;
      throw error;
    } finally {
      this.#running.delete(name);
    }
  }

  async #resolve(name: string): Promise<readonly string[]> {
    const results = await Promise.allSettled([
      this.#resolver.resolve4(name, { ttl: true }),
      this.#resolver.resolve6(name, { ttl: true }),
    ]);
    const records: RecordWithTtl[] = results.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (records.length === 0) throw withCode('ENOTFOUND', `${name} has no address`);
    const addresses = records.map((one) => one.address).filter((address) => !isDeniedAddress(address));
    if (addresses.length === 0) throw withCode('EDENIED', `${name} leads to addresses that are refused`);
    const ttlMs = Math.min(...records.map((one) => one.ttl)) * 1000;
    this.#remember(name, addresses.slice(0, addressLimit), Math.min(maximumMs, Math.max(minimumMs, ttlMs)));
    return addresses;
  }

  #remember(name: string, addresses: readonly string[], freshMs: number): void {
    const now = this.#now();
    this.#known.delete(name);
    this.#known.set(name, { addresses, freshUntil: now + freshMs, usableUntil: now + keepMs });
    const [oldest] = this.#known.keys();
    if (this.#known.size > nameLimit && oldest !== undefined) this.#known.delete(oldest);
  }
}

const names = new EndpointNames(new Resolver({ timeout: 2_000, tries: 2 }), () => performance.now());

/** For `net.connect`. Never yields an address that is refused. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  void lookUp(hostname, options.all === true, callback);
};

async function lookUp(hostname: string, all: boolean, callback: Parameters<LookupFunction>[2]): Promise<void> {
  let found: { readonly address: string; readonly family: number }[];
  try {
    const addresses = await names.addressesOf(hostname.endsWith('.') ? hostname.slice(0, -1) : hostname);
    found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  } catch (error) {
    return callback(error instanceof Error ? error : withCode('ENOTFOUND', messageOf(error)), '');
  }
  return all ? callback(null, found) : callback(null, found[0]?.address ?? '', found[0]?.family ?? 4);
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

const denied = deniedAddresses();

function deniedAddresses(): BlockList {
  const list = new BlockList();
  for (const [network, bits] of deniedNetworks) {
    // BlockList also applies IPv4 networks to ::ffff:0:0/96.
    list.addSubnet(network, bits, 'ipv4');
    list.addSubnet(`64:ff9b::${network}`, 96 + bits, 'ipv6');
  }
  for (const [network, bits] of deniedNetworks6) list.addSubnet(network, bits, 'ipv6');
  for (const address of ownAddresses()) list.addAddress(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  return list;
}

/** The addresses of this pod: its admin port must not be reached through a Service. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((one) => one.address));
}
