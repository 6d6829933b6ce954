import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';

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

/** Handle of a TCP connection inside of Node. Numbers that are returned are 0 or a negative error. Source: src/tcp_wrap.cc. */
interface TcpHandle {
  onread: (this: TcpHandle) => void;
  /** Ours: who reads. */
  connection: DirectConnection;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
  useUserBuffer(buffer: Buffer): void;
  readStart(): number;
  writeBuffer(request: object, bytes: Buffer): number;
  close(): void;
}

interface ConnectRequest {
  oncomplete: (this: ConnectRequest, status: number) => void;
  /** Ours: who connects. */
  connection: DirectConnection;
}

/** The parts of Node that `net` itself is made of. */
interface TcpParts {
  readonly TCP: new (type: number) => TcpHandle;
  readonly TCPConnectWrap: new () => ConnectRequest;
  readonly WriteWrap: new () => { oncomplete: () => void };
  /** What the last read of any handle came to, at `kReadBytesOrError`. */
  readonly streamBaseState: ArrayLike<number>;
  readonly kReadBytesOrError: number;
}

/**
 * Connections without a `net.Socket` around them, which costs more than half of what Fairway itself does for a check.
 * @returns undefined where Node is built in another way than we know; then `openSocket` does the same
 */
export function directProbes(parts: unknown = tcpParts()): OpenProbe | undefined {
  if (!isTcpParts(parts)) return undefined;
  return (address, port, events) => {
    const connection = new DirectConnection(parts, events);
    connection.connect(address, port);
    return connection;
  };
}

class DirectConnection implements ProbeConnection {
  readonly #parts: TcpParts;
  readonly #events: ProbeEvents;
  readonly #handle: TcpHandle;
  #closed = false;

  constructor(parts: TcpParts, events: ProbeEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#handle = new parts.TCP(0);
  }

  connect(address: string, port: number): void {
    const request = new this.#parts.TCPConnectWrap();
    request.connection = this;
    request.oncomplete = onConnect;
    const version = address.includes(':') ? 'connect6' : 'connect';
    const status = isPort(port) ? this.#handle[version](request, address, port) : invalidArgument;
    if (status !== 0) setImmediate(() => this.#end(status));
  }

  write(bytes: Buffer): void {
    const request = new this.#parts.WriteWrap();
    request.oncomplete = onWritten;
    const status = this.#handle.writeBuffer(request, bytes);
    if (status !== 0) setImmediate(() => this.#end(status));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
  }

  connected(status: number): void {
    if (this.#closed) return;
    if (status !== 0) return this.#end(status);
    this.#events.onOpen();
    // Whoever only wanted to know whether it opens has closed it.
    if (!this.#isOpen()) return;
    this.#handle.useUserBuffer(readBuffer);
    this.#handle.connection = this;
    this.#handle.onread = onRead;
    this.#handle.readStart();
  }

  read(): void {
    const length = this.#parts.streamBaseState[this.#parts.kReadBytesOrError] ?? 0;
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
    this.#events.onEnd(status === endOfFile ? undefined : { code: getSystemErrorName(status) });
  }
}

// One function each for all connections: thousands are opened each second.
function onConnect(this: ConnectRequest, status: number): void {
  this.connection.connected(status);
}

function onRead(this: TcpHandle): void {
  this.connection.read();
}

/** A write that fails shows itself when the connection is read. */
function onWritten(): void {
  // Nothing to do.
}

/** `UV_EOF` and `UV_EINVAL` of libuv. */
const endOfFile = -4095;
const invalidArgument = -22;

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
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
export const openProbe: OpenProbe = directProbes() ?? openSocket;

/** `process.binding` is the one way to these parts; Node has kept it for the packages that need them. */
function tcpParts(): unknown {
  try {
    const binding: unknown = Reflect.get(process, 'binding');
    if (typeof binding !== 'function') return undefined;
    return { ...binding('tcp_wrap'), ...binding('stream_wrap') };
  } catch {
    return undefined;
  }
}

function isTcpParts(parts: unknown): parts is TcpParts {
  if (typeof parts !== 'object' || parts === null) return false;
  const { TCP, TCPConnectWrap, WriteWrap, kReadBytesOrError, streamBaseState }: Partial<TcpParts> = parts;
  const made = [TCP, TCPConnectWrap, WriteWrap].every((one) => typeof one === 'function');
  if (!made || typeof kReadBytesOrError !== 'number' || typeof streamBaseState !== 'object') return false;
  const prototype: unknown = TCP?.prototype;
  return ['connect', 'connect6', 'useUserBuffer', 'readStart', 'writeBuffer', 'close'].every(
    (name) => typeof prototype === 'object' && prototype !== null && typeof Reflect.get(prototype, name) === 'function',
  );
}
