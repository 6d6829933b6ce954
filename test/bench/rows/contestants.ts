import { oneSite } from '../peers/peer.ts';
import type { PeerName } from '../peers/table.ts';
import { peerTable } from '../peers/table.ts';
import type { Contestant, Setup } from './row.ts';

const all: readonly PeerName[] = ['nginx', 'haproxy', 'caddy', 'native', 'undici', 'http-proxy', 'reference'];
const few: readonly PeerName[] = ['nginx', 'haproxy', 'caddy', 'native'];

const logged: Setup = { accessLog: true, workers: 1, sites: oneSite };

/** Every proxy, with an access log. */
export const everybody: readonly Contestant[] = contestantsOf(all, logged);
/** Every proxy, without an access log. */
export const everybodyWithoutLog: readonly Contestant[] = contestantsOf(all, { ...logged, accessLog: false });
/** Those that are used for large bodies and many connections, with an access log. */
export const servers: readonly Contestant[] = contestantsOf(few, logged);
/** Those whose peak is near enough to compare delays at one rate. */
export const fastest: readonly Contestant[] = contestantsOf(['nginx', 'haproxy', 'native'], logged);

export const nginx: string = peerTable.nginx.title;
export const caddy: string = peerTable.caddy.title;
export const httpProxy: string = peerTable['http-proxy'].title;
export const fairway: string = peerTable.native.title;

/** @param suffix  after the name of the proxy */
export function contestant(peer: PeerName, suffix: string, more: Partial<Setup>): Contestant {
  return { label: `${peerTable[peer].title}${suffix}`, peer, setup: { ...logged, ...more } };
}

function contestantsOf(names: readonly PeerName[], setup: Setup): readonly Contestant[] {
  return names.map((peer) => ({ label: peerTable[peer].title, peer, setup }));
}
