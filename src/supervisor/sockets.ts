import type { Server } from 'node:net';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';

import { reusePortFlag } from '../lib/node-handles.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { holderOfPort } from './port-holder.ts';

/** What `send` of a child process takes and delivers. In truth Node's own handle of a TCP socket; its types know no such thing. */
export type SocketHandle = Server;

/** A TCP socket that is bound and not yet listening; children listen on copies of it. */
export interface BoundSocket {
  readonly address: string;
  /** The port that the kernel gave when 0 was asked for. */
  readonly port: number;
  /** For `send` of a child process; the child gives it to `net.Server.listen`. */
  readonly handle: SocketHandle;
  /** The kernel refuses connections once every process has closed its copy. */
  close(): void;
}

export interface BindRequest {
  /** IP address; empty or `::` is every address, IPv4 alone where the machine has no IPv6. */
  readonly address: string;
  readonly port: number;
  /** For messages: `the HTTP listener`. */
  readonly what: string;
  /** For messages: flag that chooses the port. */
  readonly flag: string;
}

/** What Node's own handle of a TCP socket offers. Not public: `node:cluster` uses the same. */
interface TcpHandle {
  getsockname(target: { address?: string; port?: number }): number;
  close(): void;
}

/**
 * Binds a socket without listening on it. A `net.Server` that listens also accepts, and nobody would serve what it
 * accepted here; a bound handle keeps the accept queue alive while no child does (architecture section 7).
 * SO_REUSEADDR is set, as libuv does always.
 * @throws OperatorError `port-in-use`, `port-not-permitted`, `address-not-available` or `bind-failed`
 */
export function bindSocket(request: BindRequest): BoundSocket {
  const addresses = request.address === '' || request.address === '::' ? ['::', '0.0.0.0'] : [request.address];
  let code = '';
  for (const address of addresses) {
    const outcome = tryBind(address, request.port, 0);
    if (typeof outcome !== 'string') return outcome;
    code = outcome;
    if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') break;
  }
  throw bindError(request, code);
}

/**
 * Binds a socket for each who accepts, all on one port in one SO_REUSEPORT group: the kernel spreads new connections over
 * those of them that are listened on, by a hash of both addresses. Source: socket(7), decision 0032.
 * @param flag  that asks for a group; `none` where this Node or system has no such groups
 * @returns `count` sockets, or a single one that all share
 * @throws OperatorError as `bindSocket` does
 */
export function bindSockets(
  request: BindRequest,
  count: number,
  flag: number | 'none' = reusePortFlag ?? 'none',
): readonly BoundSocket[] {
  // A group takes sockets of any process of our user. Whether the port is ours alone, only one outside of a group can tell.
  const alone = bindSocket(request);
  if (count === 1 || flag === 'none') return [alone];
  alone.close();
  return bindGroup({ ...request, address: alone.address }, count, flag) ?? [bindSocket(request)];
}

/** @returns undefined when the kernel refuses */
function bindGroup(request: BindRequest, count: number, flag: number): readonly BoundSocket[] | undefined {
  const sockets: BoundSocket[] = [];
  while (sockets.length < count) {
    const socket = tryBind(request.address, sockets[0]?.port ?? request.port, flag);
    if (typeof socket === 'string') {
      for (const one of sockets) one.close();
      return undefined;
    }
    sockets.push(socket);
  }
  return sockets;
}

/** @param flags  of libuv's `uv_tcp_bind`. @returns the socket, or the error's name */
function tryBind(address: string, port: number, flags: number): BoundSocket | string {
  const handle = createHandle(address, port, flags);
  if (typeof handle === 'number') return getSystemErrorName(handle);
  const name: { address?: string; port?: number } = {};
  // libuv keeps EADDRINUSE of bind for later; the first question about the socket returns it.
  const error = handle.getsockname(name);
  if (error !== 0) {
    handle.close();
    return getSystemErrorName(error);
  }
  let open = true;
  return {
    address: name.address ?? address,
    port: name.port ?? port,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- send() takes native TCP handles; the types do not say so
    handle: handle as unknown as SocketHandle,
    close: () => {
      if (open) handle.close();
      open = false;
    },
  };
}

function createHandle(address: string, port: number, flags: number): TcpHandle | number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- not in the types; present since Node 0.11 for node:cluster
  const { _createServerHandle: create } = net as unknown as {
    _createServerHandle(
      this: void,
      address: string,
      port: number,
      family: 4 | 6,
      fd?: number,
      flags?: number,
    ): TcpHandle | number;
  };
  return create(address, port, net.isIPv6(address) ? 6 : 4, undefined, flags);
}

function bindError(request: BindRequest, code: string): OperatorError {
  const { port, what, flag } = request;
  const where = `${request.address === '' ? 'every address' : request.address}, port ${port}`;
  const failed = `${what} cannot use ${where}`;
  switch (code) {
    case 'EADDRINUSE':
      return new OperatorError({
        code: 'port-in-use',
        what: failed,
        why: `it is in use by ${holderOfPort(port) ?? 'another process'}`,
        fix: `Stop that process, or choose another port with --${flag}.`,
      });
    case 'EACCES':
    case 'EPERM':
      return new OperatorError({
        code: 'port-not-permitted',
        what: failed,
        why: 'this user may not use it; ports below 1024 are reserved on most machines',
        fix: `Choose a port from 1024 on with --${flag}, and let the Service map the well-known one to it.`,
      });
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new OperatorError({
        code: 'address-not-available',
        what: failed,
        why: 'this machine has no such address',
        fix: 'Choose an address of this machine, or leave it out for every address.',
      });
    default:
      return new OperatorError({
        code: 'bind-failed',
        what: failed,
        why: `the kernel says ${code}`,
        fix: `Choose another port with --${flag}.`,
      });
  }
}
