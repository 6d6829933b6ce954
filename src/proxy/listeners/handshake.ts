import type { CoarseTimers, Deadline } from '../../lib/coarse-timers.ts';
import { HandleSocket } from '../../lib/handle-socket.ts';
import type { NodeHandles, StreamHandle, TcpHandle, TlsHandle } from '../../lib/node-handles.ts';
import { nodeHandles } from '../../lib/node-handles.ts';
import type { OnDirectConnection } from './accepted-connection.ts';
import type { CertificateContexts } from './certificate-contexts.ts';
import { normalName } from './certificate-contexts.ts';

/** What all handshakes of a listener share. */
export interface HandshakeParts {
  readonly handles: NodeHandles;
  readonly contexts: CertificateContexts;
  readonly timers: CoarseTimers;
  readonly localPort: number;
  readonly onConnection: OnDirectConnection;
  /** The connection is closed, whether or not there was a handshake. */
  readonly onGone: () => void;
}

/** The first byte must come within this time, and then the whole handshake. */
const timeoutMs = 10_000;

/** First byte of a TLS record that opens a handshake. Source: RFC 8446 section 5.1. */
const handshakeRecord = 0x16;

/** The only protocol, with its length. Source: RFC 7301 section 3.1. */
const protocols = Buffer.from('\x08http/1.1', 'latin1');

/** Where the first bytes go: they are used at once. */
const firstBytes = Buffer.allocUnsafeSlow(16 * 1024);

/**
 * A connection to a TLS port until its handshake is done, directly on Node's handles (decision 0030). Handshakes of
 * scanners and old clients fail all day long: the connection is closed, that is all.
 *
 * ```
 * first bytes ──handshake record──▶ handshake ──▶ HandleSocket
 *      │                               └──▶ closed
 *      └──anything else──▶ HandleSocket, plainOnTls
 * ```
 */
export class Handshake {
  readonly #parts: HandshakeParts;
  readonly #tcp: TcpHandle;
  readonly #deadline: Deadline;
  #tls: TlsHandle | undefined = undefined;
  #stage: 'running' | 'done' | 'closed' = 'running';

  constructor(parts: HandshakeParts, tcp: TcpHandle) {
    this.#parts = parts;
    this.#tcp = tcp;
    this.#deadline = parts.timers.deadline(() => this.close());
    this.#deadline.set(timeoutMs);
    tcp.owner = this;
    // The messages of a handshake are written one after the other; the second would wait for the client's word.
    tcp.setNoDelay(true);
    tcp.onread = onFirstBytes;
    tcp.useUserBuffer(firstBytes);
    tcp.readStart();
  }

  close(): void {
    if (this.#stage !== 'running') return;
    this.#stage = 'closed';
    this.#deadline.stop();
    this.#tcp.close(onClosed);
  }

  /** For the handle alone. @param length  of what is in `firstBytes`, or an error */
  begin(length: number): void {
    if (length === 0) return;
    if (length < 0) return this.close();
    if (firstBytes[0] !== handshakeRecord) return this.#handPlain(length);
    this.#deadline.set(timeoutMs);
    const { contexts, handles } = this.#parts;
    const tls = handles.wrapTls(this.#tcp, contexts.initial.context, true, false);
    this.#tls = tls;
    tls.owner = this;
    tls.onhandshakedone = onDone;
    tls.oncertcb = onCertificate;
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a handle of Node calls what stands there, and has no events
    tls.onerror = onError;
    tls.onread = onEarlyEnd;
    tls.enableCertCb();
    tls.setALPNProtocols(protocols);
    tls.readStart();
    tls.receive(firstBytes.subarray(0, length));
  }

  /** For the handle alone: a name is known, and its certificate is wanted. */
  chooseCertificate(tls: TlsHandle, serverName: string): void {
    const context = serverName === '' ? undefined : this.#parts.contexts.find(serverName);
    if (context === 'refused') return this.close();
    // Without one the handshake goes on with the default certificate.
    if (context !== undefined) tls.sni_context = context.context;
    return tls.certCbDone();
  }

  /** For the handle alone: from here on the connection carries data. */
  finish(): void {
    const tls = this.#tls;
    if (this.#stage !== 'running' || tls === undefined) return;
    this.#stage = 'done';
    this.#deadline.stop();
    const { handles, localPort, onConnection, onGone } = this.#parts;
    const name = tls.getServername();
    const serverName = typeof name === 'string' ? normalName(name) : '';
    const socket = new HandleSocket(handles, this.#tcp, tls, onGone);
    onConnection({ socket, localPort, secure: true, serverName, plainOnTls: false });
    socket.resume();
  }

  /** For the handle alone. */
  closed(): void {
    this.#tls?.destroySSL();
    this.#parts.onGone();
  }

  #handPlain(length: number): void {
    this.#stage = 'done';
    this.#deadline.stop();
    const { handles, localPort, onConnection, onGone } = this.#parts;
    const socket = new HandleSocket(handles, this.#tcp, undefined, onGone);
    onConnection({ socket, localPort, secure: false, serverName: '', plainOnTls: true });
    socket.resume();
    socket.owner.onInput(firstBytes, 0, length, true);
  }
}

function ownerOf({ owner }: StreamHandle): Handshake | undefined {
  return owner instanceof Handshake ? owner : undefined;
}

function onFirstBytes(this: StreamHandle): undefined {
  ownerOf(this)?.begin(nodeHandles?.state[nodeHandles.read] ?? 0);
  return undefined;
}

/** No data comes before the handshake is done. */
function onEarlyEnd(this: StreamHandle): undefined {
  ownerOf(this)?.close();
  return undefined;
}

function onCertificate(this: TlsHandle, info: { readonly servername: string | undefined }): void {
  ownerOf(this)?.chooseCertificate(this, typeof info.servername === 'string' ? info.servername : '');
}

function onDone(this: TlsHandle): void {
  ownerOf(this)?.finish();
}

/** A handshake that failed, or a broken record later. */
function onError(this: TlsHandle): void {
  const { owner } = this;
  if (owner instanceof Handshake) owner.close();
  else if (owner instanceof HandleSocket) owner.destroy();
}

function onClosed(this: TcpHandle): void {
  ownerOf(this)?.closed();
}
