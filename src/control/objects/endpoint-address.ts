import { isIP, SocketAddress } from 'node:net';

/** An address that a connection may go to, or why not. */
export type AddressCheck =
  | { readonly kind: 'address'; readonly address: string; readonly family: 'IPv4' | 'IPv6' }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * Checks the address of an endpoint. The API server refuses the same ones, so that nobody can make a proxy talk to the
 * node it runs on. IPv6 is written in its canonical form, so that two slices mean the same endpoint by the same text.
 * @param allowLoopback  in a folder on a laptop backends run on 127.0.0.1; in a cluster never
 * Source: Kubernetes validation, ValidateNonSpecialIP; RFC 5952.
 */
export function checkEndpointAddress(text: string, allowLoopback: boolean): AddressCheck {
  const version = isIP(text);
  if (version === 0 || text.includes('%')) return { kind: 'refused', why: 'it is not an IP address' };
  if (version === 4) return judge(text, text, allowLoopback);
  const address = new SocketAddress({ address: text, family: 'ipv6' }).address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  return judge(address, mapped ?? address, allowLoopback);
}

/** @param meant  what `address` stands for: of an IPv4-mapped address the IPv4 part */
function judge(address: string, meant: string, allowLoopback: boolean): AddressCheck {
  const special = specialUse(meant);
  if (special !== undefined && !(special === 'loopback' && allowLoopback)) {
    return { kind: 'refused', why: `it is ${special === 'unspecified' ? 'an' : 'a'} ${special} address` };
  }
  return { kind: 'address', address, family: address.includes(':') ? 'IPv6' : 'IPv4' };
}

function specialUse(address: string): 'loopback' | 'link-local' | 'multicast' | 'unspecified' | undefined {
  if (address.includes(':')) {
    if (address === '::1') return 'loopback';
    if (address === '::') return 'unspecified';
    if (/^fe[89ab]/i.test(address)) return 'link-local';
    return /^ff/i.test(address) ? 'multicast' : undefined;
  }
  if (address.startsWith('127.')) return 'loopback';
  if (address.startsWith('0.')) return 'unspecified';
  if (address.startsWith('169.254.')) return 'link-local';
  const first = Number(address.slice(0, address.indexOf('.')));
  return first >= 224 ? 'multicast' : undefined;
}
