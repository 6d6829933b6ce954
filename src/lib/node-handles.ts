/**
 * Node's own handles below `net.Socket` and `tls.TLSSocket`, as Node 26 has them: streams without stream objects, events
 * and ticks. There is no type for them. Decision 0030 says why they are used, and what happens where they differ.
 */

/** A connected TCP socket. Calls return 0 or a negative error of libuv. */
export interface StreamHandle {
  /** The one that hears of it; found again in callbacks, whose `this` is the handle. */
  owner?: unknown;
  /** Called after each read, with `this` as the handle. A returned buffer is where the next read goes. */
  onread: (this: StreamHandle) => Uint8Array | undefined;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize: number;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** 0 when all is written; else a request whose `oncomplete` follows, or an error. */
  writeBuffer(request: null, bytes: Uint8Array): number | WriteRequest;
  writeLatin1String(request: null, text: string): number | WriteRequest;
  /** @param chunks  buffers, or text and encoding in turns unless `allBuffers` */
  writev(request: null, chunks: readonly unknown[], allBuffers: boolean): number | WriteRequest;
  /** 1 when it is done already. */
  shutdown(request: ShutdownRequest): number;
}

export interface TcpHandle extends StreamHandle {
  /** @param port  a whole number from 0 to 65535: with anything else the process ends */
  connect(request: ConnectRequest, ipv4: string, port: number): number;
  connect6(request: ConnectRequest, ipv6: string, port: number): number;
  setNoDelay(on: boolean): number;
  getpeername(into: PeerName): number;
  /** Sends a reset. Refused while a shutdown is under way. */
  reset(onClosed: (this: TcpHandle) => void): number;
  close(onClosed?: (this: TcpHandle) => void): void;
}

/** TLS on top of a `TcpHandle`: its reads and writes are plain text. */
export interface TlsHandle extends StreamHandle {
  onhandshakedone: (this: TlsHandle) => void;
  /** The certificate must be chosen: `sni_context`, then `certCbDone`. */
  oncertcb: (this: TlsHandle, info: { readonly servername: string | undefined }) => void;
  onerror: (this: TlsHandle, error: unknown) => void;
  sni_context?: unknown;
  enableCertCb(): void;
  certCbDone(): void;
  setALPNProtocols(protocols: Uint8Array): void;
  getServername(): string | false | undefined;
  /** Takes bytes that were read before TLS began. */
  receive(bytes: Uint8Array): void;
  destroySSL(): void;
}

export interface PeerName {
  address?: string;
  port?: number;
}

export interface WriteRequest {
  oncomplete?: (this: WriteRequest, status: number) => void;
  /** Not null: it was over before `oncomplete` was set. */
  writeStatus: number | null;
  owner?: unknown;
  /** Keeps what is being written alive. */
  data?: unknown;
}

export interface ConnectRequest {
  /** Follows in a later turn, also when the handle was closed meanwhile. */
  oncomplete?: (this: ConnectRequest, status: number) => void;
  owner?: unknown;
}

export interface ShutdownRequest {
  oncomplete?: (this: ShutdownRequest, status: number) => void;
  owner?: unknown;
}

export interface NodeHandles {
  /** What the last call or callback of a handle has to say beside its return value, by the indexes below. */
  readonly state: Int32Array;
  /** Bytes of the last read, or a negative error. */
  readonly read: number;
  readonly written: number;
  readonly writeError: number;
  /** A socket of its own, not yet connected. */
  readonly Tcp: new (type: typeof socketType) => TcpHandle;
  readonly ConnectRequest: new () => ConnectRequest;
  readonly ShutdownRequest: new () => ShutdownRequest;
  /** @param context  `SecureContext.context` */
  readonly wrapTls: (below: TcpHandle, context: unknown, isServer: boolean, hasActiveWrites: boolean) => TlsHandle;
  readonly isTcpHandle: (handle: unknown) => handle is TcpHandle;
}

/** Type of a handle that connects; others listen. Source: Node, src/tcp_wrap.h, TCPWrap::SocketType. */
export const socketType = 0;

/** End of the peer's bytes, instead of a length. Source: libuv, UV_EOF. */
export const endOfInput = -4095;

const streamMethods = [
  'readStart',
  'readStop',
  'useUserBuffer',
  'writeBuffer',
  'writeLatin1String',
  'writev',
  'shutdown',
];
const tcpMethods = [...streamMethods, 'close', 'reset', 'setNoDelay', 'getpeername', 'connect', 'connect6'];
const tlsMethods = [
  ...streamMethods,
  'enableCertCb',
  'certCbDone',
  'setALPNProtocols',
  'getServername',
  'receive',
  'destroySSL',
];

/** Undefined where this Node is built in another way than we know: `StreamSocket` is used there. */
export const nodeHandles: NodeHandles | undefined = findHandles();

/** For `bind` of a TCP handle: a socket of an SO_REUSEPORT group. Undefined before Node 23. Source: libuv, UV_TCP_REUSEPORT. */
export const reusePortFlag: number | undefined = findReusePort();

function findReusePort(): number | undefined {
  const { constants } = bindingOf('tcp_wrap');
  const flag = isRecord(constants) ? constants['UV_TCP_REUSEPORT'] : undefined;
  return typeof flag === 'number' ? flag : undefined;
}

function findHandles(): NodeHandles | undefined {
  const streams = bindingOf('stream_wrap');
  const { streamBaseState: state, ShutdownWrap } = streams;
  const { TCP, TCPConnectWrap } = bindingOf('tcp_wrap');
  const { wrap, TLSWrap } = bindingOf('tls_wrap');
  // The last one came with writes that need no request object of ours.
  const indexes = ['kReadBytesOrError', 'kBytesWritten', 'kLastWriteErr'].map((name) => streams[name]);
  const [read, written, writeError] = indexes;
  if (typeof read !== 'number' || typeof written !== 'number' || typeof writeError !== 'number') return undefined;
  if (!(state instanceof Int32Array) || typeof wrap !== 'function') return undefined;
  if (typeof ShutdownWrap !== 'function' || typeof TCPConnectWrap !== 'function') return undefined;
  if (!hasMethods(TCP, tcpMethods) || !hasMethods(TLSWrap, tlsMethods)) return undefined;
  const isTcpHandle = (handle: unknown): handle is TcpHandle => handle instanceof TCP;
  /* oxlint-disable typescript/no-unsafe-type-assertion -- what was checked above has no types */
  return {
    state,
    read,
    written,
    writeError,
    Tcp: TCP as unknown as NodeHandles['Tcp'],
    ConnectRequest: TCPConnectWrap as NodeHandles['ConnectRequest'],
    ShutdownRequest: ShutdownWrap as NodeHandles['ShutdownRequest'],
    wrapTls: wrap as NodeHandles['wrapTls'],
    isTcpHandle,
  };
  /* oxlint-enable typescript/no-unsafe-type-assertion */
}

function bindingOf(name: string): Record<string, unknown> {
  const binding: unknown = Reflect.get(process, 'binding');
  if (typeof binding !== 'function') return {};
  try {
    const found: unknown = Reflect.apply(binding, process, [name]);
    return isRecord(found) ? found : {};
  } catch {
    return {};
  }
}

type AnyClass = abstract new (...parameters: never[]) => unknown;

function hasMethods(made: unknown, names: readonly string[]): made is AnyClass {
  if (typeof made !== 'function') return false;
  const prototype: unknown = made.prototype;
  return isRecord(prototype) && names.every((name) => typeof prototype[name] === 'function');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
