import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { SocketInput } from '../../../lib/socket-input.ts';
import type { Dialled } from '../../protocols/http1/upstream-connection.ts';
import type { UpstreamScheme } from '../../protocols/http1/upstream-pools.ts';
import type { EndpointState } from '../../upstreams/endpoint-state.ts';
import { guardedLookup } from '../http-proxy/endpoint-names.ts';

/** Opens a connection to an endpoint. Certificates are not checked and no server name is sent, as ingress-nginx does. */
export function dial({ endpoint }: EndpointState, scheme: UpstreamScheme): Dialled {
  const { address, port } = endpoint;
  if (scheme === 'http') {
    const input = new SocketInput();
    const common = { host: address, port, noDelay: true, allowHalfOpen: true, lookup: guardedLookup };
    return { socket: connectTcp({ ...common, onread: input.options }), input, connectEvent: 'connect' };
  }
  // The types do not know `allowHalfOpen` here; a variable may hold more than they ask for.
  const options = { host: address, port, allowHalfOpen: true, lookup: guardedLookup, ...unchecked };
  const socket = connectTls(options);
  socket.setNoDelay(true);
  return { socket, connectEvent: 'secureConnect' };
}

const unchecked = { rejectUnauthorized: false, servername: '' };
