import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

import type { ByteSocket } from '../../../lib/byte-socket.ts';
import { codeOf } from '../../../lib/error-text.ts';
import { HandleSocket } from '../../../lib/handle-socket.ts';
import type { NodeHandles } from '../../../lib/node-handles.ts';
import { StreamSocket } from '../../../lib/stream-socket.ts';
import type { DialOwner } from '../../protocols/http1/upstream-connection.ts';
import type { Dial, UpstreamScheme } from '../../protocols/http1/upstream-pools.ts';
import type { EndpointState } from '../../upstreams/endpoint-state.ts';
import { guardedLookup } from '../http-proxy/endpoint-names.ts';

/**
 * Opens connections to endpoints. Certificates are not checked and no server name is sent, as ingress-nginx does.
 * @param handles  absent: all of them are Node's sockets
 */
export function dialler(handles: NodeHandles | undefined): Dial {
  return (endpoint, scheme, owner) => dial(endpoint, scheme, owner, handles);
}

function dial(
  { endpoint }: EndpointState,
  scheme: UpstreamScheme,
  owner: DialOwner,
  handles: NodeHandles | undefined,
): ByteSocket {
  const { address, port } = endpoint;
  const common = { host: address, port, noDelay: true, allowHalfOpen: true, lookup: guardedLookup };
  if (scheme === 'http') {
    const socket = connectTcp(common);
    const connecting = streamOf(socket, owner);
    socket.once('connect', () => owner.onConnected(handleOf(socket, handles) ?? connecting));
    return connecting;
  }
  // The types do not know `allowHalfOpen` here; a variable may hold more than they ask for.
  const options = { ...common, ...unchecked };
  const socket = connectTls(options);
  socket.setNoDelay(true);
  const connecting = streamOf(socket, owner);
  socket.once('secureConnect', () => owner.onConnected(connecting));
  return connecting;
}

const unchecked = { rejectUnauthorized: false, servername: '' };

function streamOf(socket: Socket, owner: DialOwner): ByteSocket {
  socket.on('error', (error) => owner.onConnectFailed(codeOf(error)));
  const stream = new StreamSocket(socket);
  stream.owner = owner;
  return stream;
}

/** Takes the connection out of Node's socket, which then has none and never says another word. */
function handleOf(socket: Socket, handles: NodeHandles | undefined): ByteSocket | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (handles === undefined || !handles.isTcpHandle(handle)) return undefined;
  Reflect.set(socket, '_handle', null);
  const taken = new HandleSocket(handles, handle, undefined, () => undefined);
  taken.resume();
  return taken;
}
