import { isIP } from 'node:net';

import type { ConnectRequest, NodeHandles, TcpHandle } from './node-handles.ts';
import { socketType } from './node-handles.ts';

/** Who waits for a connection. */
export interface ConnectOwner {
  /**
   * Told once, in a later turn, and also when the handle was closed meanwhile.
   * @param status  0, or a negative error of libuv
   */
  onConnect(status: number): void;
}

/**
 * Begins a TCP connection on a handle of Node's, without a socket object (decision 0030).
 * @param address  of IP; anything else is the error `EINVAL`, as is what is no port
 * @returns the handle, which its owner closes, whether or not it connects
 * @throws never
 */
export function connectHandle(handles: NodeHandles, address: string, port: number, owner: ConnectOwner): TcpHandle {
  const handle = new handles.Tcp(socketType);
  const request = new handles.ConnectRequest();
  request.owner = owner;
  request.oncomplete = onComplete;
  const status = begin(handle, request, address, port);
  if (status !== 0) setImmediate(() => owner.onConnect(status));
  return handle;
}

function begin(handle: TcpHandle, request: ConnectRequest, address: string, port: number): number {
  if (!Number.isInteger(port) || port <= 0 || port >= 65_536) return invalidArgument;
  const version = isIP(address);
  if (version === 4) return handle.connect(request, address, port);
  return version === 6 ? handle.connect6(request, address, port) : invalidArgument;
}

/** One function for all connections: thousands are opened each second. */
function onComplete(this: ConnectRequest, status: number): void {
  if (isConnectOwner(this.owner)) this.owner.onConnect(status);
}

function isConnectOwner(owner: unknown): owner is ConnectOwner {
  return typeof owner === 'object' && owner !== null && 'onConnect' in owner;
}

/** `UV_EINVAL` of libuv. */
const invalidArgument = -22;
