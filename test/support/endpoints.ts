import { endpointId, upstreamId } from '../../src/model/ids.ts';
import type { Balancing, Endpoint, Upstream } from '../../src/model/upstream.ts';
import { EndpointState } from '../../src/proxy/upstreams/endpoint-state.ts';

/** One endpoint of a made-up pod. @param number  0 to 65 535, gives the address */
export function endpoint(number: number, more: Partial<Endpoint> = {}): Endpoint {
  const address = `10.0.${number >>> 8}.${number & 255}`;
  return { id: endpointId(address, 8080), address, port: 8080, state: 'ready', weight: 1, ...more };
}

/** States of so many endpoints, in the order of their ids. */
export function endpointStates(count: number, from = 0): EndpointState[] {
  return Array.from({ length: count }, (_, at) => new EndpointState(endpoint(from + at))).toSorted((a, b) =>
    a.endpoint.id < b.endpoint.id ? -1 : 1,
  );
}

export function upstreamOf(
  endpoints: readonly Endpoint[],
  balancing: Balancing = { algorithm: 'round_robin' },
): Upstream {
  const [namespace, service, port] = ['shop', 'cart', '80'];
  const id = upstreamId(namespace, service, port);
  return { id, namespace, service, port, protocol: 'http', balancing, endpoints };
}

/** Numbers in [0, 1) that are the same in every run. Source: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
