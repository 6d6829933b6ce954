import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';

import type { ConnectOwner } from '../../../lib/handle-connect.ts';
import { connectHandle } from '../../../lib/handle-connect.ts';
import type { NodeHandles, StreamHandle, TcpHandle } from '../../../lib/node-handles.ts';
import { endOfInput, nodeHandles } from '../../../lib/node-handles.ts';
import { answerLimitBytes } from './check.ts';

/** What a plain connection tells whoever opened it. Nothing is told before `open` has returned or after `close`. */
export interface ProbeEvents {
  onOpen(): void;
  /** The bytes are valid during the call only. */
  onBytes(bytes: Buffer): void;
  /** The other side has closed, or something failed: then with the error. Told once; the connection is closed then. */
  onEnd(error: unknown): void;
}

export interface ProbeConnection {
  /** Small enough to fit into the socket's buffer; after `onOpen`. */
  write(bytes: Buffer): void;
  close(): void;
}

/** @throws never */
export type OpenProbe = (address: string, port: number, events: ProbeEvents) => ProbeConnection;

/** All connections read into this one: nothing reads two at a time, and a buffer for each would cost more than the check. */
const readBuffer: Buffer = Buffer.allocUnsafeSlow(answerLimitBytes);

/** Connections without a `net.Socket` around them, which costs more than half of what Fairway itself does for a check. */
export function directProbes(handles: NodeHandles): OpenProbe {
  return (address, port, events) => new DirectConnection(handles, address, port, events);
}

class DirectConnection implements ProbeConnection, ConnectOwner {
  readonly #handles: NodeHandles;
  readonly #events: ProbeEvents;
  readonly #handle: TcpHandle;
  #closed = false;

  constructor(handles: NodeHandles, address: string, port: number, events: ProbeEvents) {
    this.#handles = handles;
    this.#events = events;
    this.#handle = connectHandle(handles, address, port, this);
  }

  write(bytes: Buffer): void {
    const result = this.#handle.writeBuffer(null, bytes);
    if (result === 0) return;
    // A write that fails later shows itself when the connection is read.
    if (typeof result === 'object') result.data = bytes;
    const status = typeof result === 'number' ? result : (this.#handles.state[this.#handles.writeError] ?? 0);
    if (status !== 0) setImmediate(() => this.#end(status));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
  }

  onConnect(status: number): void {
    if (this.#closed) return;
    if (status !== 0) return this.#end(status);
    this.#events.onOpen();
    // Whoever only wanted to know whether it opens has closed it.
    if (!this.#isOpen()) return;
    this.#handle.useUserBuffer(readBuffer);
    this.#handle.owner = this;
    this.#handle.onread = onRead;
    this.#handle.readStart();
  }

  /** For the handle alone. */
  read(): void {
    const length = this.#handles.state[this.#handles.read] ?? 0;
    if (this.#closed || length === 0) return;
    if (length > 0) this.#events.onBytes(readBuffer.subarray(0, length));
    else this.#end(length);
  }

  #isOpen(): boolean {
    return !this.#closed;
  }

  #end(status: number): void {
    if (this.#closed) return;
    this.close();
    this.#events.onEnd(status === endOfInput ? undefined : { code: getSystemErrorName(status) });
  }
}

/** One function for all connections: thousands are opened each second. */
function onRead(this: StreamHandle): undefined {
  if (this.owner instanceof DirectConnection) this.owner.read();
}

/** The same by way of `net.Socket`. */
export const openSocket: OpenProbe = (address, port, events) => {
  const callback = (length: number): boolean => {
    events.onBytes(readBuffer.subarray(0, length));
    return true;
  };
  let closed = false;
  const end = (error?: unknown): void => {
    if (closed) return;
    closed = true;
    socket?.destroy();
    events.onEnd(error);
  };
  let socket: Socket | undefined;
  try {
    socket = createConnection({ host: address, port, onread: { buffer: readBuffer, callback } });
    socket.once('connect', () => events.onOpen());
    socket.once('end', () => end());
    socket.once('close', () => end());
    socket.on('error', end);
  } catch (error) {
    setImmediate(() => end(error));
  }
  return {
    write: (bytes) => void socket?.write(bytes),
    close: () => {
      closed = true;
      socket?.destroy();
    },
  };
};

/** The fastest way that this Node has. */
export const openProbe: OpenProbe = nodeHandles === undefined ? openSocket : directProbes(nodeHandles);
