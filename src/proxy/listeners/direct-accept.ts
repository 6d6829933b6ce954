import type { Server } from 'node:net';

import type { NodeHandles, TcpHandle } from '../../lib/node-handles.ts';

interface ListeningHandle {
  onconnection: (error: number, accepted: unknown) => void;
}

/**
 * Makes a listening server give its connections as handles, without a socket object for each (decision 0030).
 * What is no TCP connection, and errors, go the usual way.
 */
export function acceptHandles(server: Server, handles: NodeHandles, onAccepted: (handle: TcpHandle) => void): void {
  const listening: unknown = Reflect.get(server, '_handle');
  if (!isListeningHandle(listening)) return;
  const usual = listening.onconnection;
  listening.onconnection = function onConnection(error, accepted) {
    if ((error !== 0 && error !== undefined) || !handles.isTcpHandle(accepted)) {
      return usual.call(listening, error, accepted);
    }
    return onAccepted(accepted);
  };
}

function isListeningHandle(handle: unknown): handle is ListeningHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'onconnection' in handle &&
    typeof handle.onconnection === 'function'
  );
}
