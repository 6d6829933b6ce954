import type { UpstreamId } from '../../model/ids.ts';
import type { CopiedRequest } from '../filters/mirror-sender.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';

/** Where one copy goes. */
export interface Destination {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Of an upstream of ours. */
  readonly endpoint?: EndpointState;
}

/**
 * @returns undefined when nobody is there, or when what variables gave makes no request
 */
export function destinationOf(
  { policy: { target }, path, headers, key }: CopiedRequest,
  pick: (upstream: UpstreamId, key: string) => EndpointState | undefined,
): Destination | undefined {
  const [, host = ''] = headers;
  if (!/^\/[\x21-\x7e]*$/.test(path) || !/^[A-Za-z0-9._:[\]-]{1,255}$/.test(host)) return undefined;
  if (target.kind === 'name') return { scheme: target.scheme, host: target.name, port: target.port };
  const endpoint = pick(target.upstream, key);
  if (endpoint === undefined) return undefined;
  const { address, port } = endpoint.endpoint;
  return { scheme: target.scheme, host: address, port, endpoint };
}
