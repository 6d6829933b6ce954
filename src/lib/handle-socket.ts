import type { ByteSocket, SocketOwner } from './byte-socket.ts';
import { nobody } from './byte-socket.ts';
import type {
  NodeHandles,
  PeerName,
  ShutdownRequest,
  StreamHandle,
  TcpHandle,
  TlsHandle,
  WriteRequest,
} from './node-handles.ts';
import { endOfInput, nodeHandles } from './node-handles.ts';
import type { BatchReader } from './read-batch.ts';
import { addToBatch, batchBuffer } from './read-batch.ts';
import { newBuffer, returnBuffer, sameOrLarger, sharedBuffer } from './read-buffers.ts';

/** A read of this size is likely to be followed by more like it. */
const ownFromBytes = 16 * 1024;
/** From so many unsent bytes on a writer should wait. */
const unsentLimit = 64 * 1024;

const nothing = new Uint8Array(0);

/**
 * A socket directly on Node's handle, without a stream object: no ticks, no events, no state that is kept twice. Reads
 * come in one shared buffer, and small ones are told at the end of the turn; the reads of a large body come in buffers of
 * their own.
 */
export class HandleSocket implements ByteSocket, BatchReader {
  owner: SocketOwner = nobody;
  readableEnded = false;
  writableEnded = false;
  writableNeedDrain = false;
  readonly #handles: NodeHandles;
  readonly #tcp: TcpHandle;
  readonly #tls: TlsHandle | undefined;
  /** The one that is read and written; undefined when it is closed. */
  #handle: StreamHandle | undefined;
  readonly #onGone: () => void;
  #buffer: Buffer = sharedBuffer;
  /** Reads come in buffers of their own. */
  #own = false;
  /** Nobody needs the bytes of the last read any more. */
  #reusable = false;
  /** Bytes in the batch. */
  #waitingAt = 0;
  #waitingBytes = 0;
  #reading = false;
  #corked = false;
  /** Bytes of the write that the handle has not finished; TLS takes one at a time. */
  #writing = 0;
  /** What waits for it, or for `uncork`: text or buffer, and its encoding, in turns. */
  #gathered: unknown[] | undefined = undefined;
  #gatheredBytes = 0;
  #writes = 0;
  #shutdown: 'open' | 'shutting' | 'shut' = 'open';
  #closing = false;
  #hadError = false;
  #peer: PeerName | undefined = undefined;
  #sent = 0;
  #received = 0;

  /**
   * @param tcp  connected; nobody else uses it any more
   * @param tls  on top of it, after its handshake
   * @param onGone  called once when it is closed, before `SocketOwner.onClose`
   */
  constructor(handles: NodeHandles, tcp: TcpHandle, tls: TlsHandle | undefined, onGone: () => void) {
    const handle = tls ?? tcp;
    this.#handles = handles;
    this.#tcp = tcp;
    this.#tls = tls;
    this.#handle = handle;
    this.#onGone = onGone;
    tcp.owner = this;
    handle.owner = this;
    handle.onread = onRead;
    handle.useUserBuffer(sharedBuffer);
  }

  get remoteAddress(): string {
    return this.#peerName().address ?? '';
  }

  get remotePort(): number {
    return this.#peerName().port ?? 0;
  }

  get destroyed(): boolean {
    return this.#handle === undefined;
  }

  get unsent(): number {
    return this.#writing + this.#gatheredBytes;
  }

  get sent(): number {
    return this.#handle === undefined ? this.#sent : this.#tcp.bytesWritten - this.#tcp.writeQueueSize;
  }

  get received(): number {
    return this.#handle?.bytesRead ?? this.#received;
  }

  write(bytes: Uint8Array): boolean {
    const handle = this.#handle;
    if (handle === undefined || this.writableEnded) return false;
    if (this.#corked || this.#writing > 0) return this.#gather(bytes, 'buffer');
    this.#beforeWrite();
    return this.#written(handle.writeBuffer(null, bytes), bytes);
  }

  writeText(text: string): boolean {
    const handle = this.#handle;
    if (handle === undefined || this.writableEnded) return false;
    if (this.#corked || this.#writing > 0) return this.#gather(text, 'latin1');
    this.#beforeWrite();
    return this.#written(handle.writeLatin1String(null, text), text);
  }

  cork(): void {
    this.#corked = true;
  }

  uncork(): void {
    this.#corked = false;
    if (this.#writing === 0) this.#writeGathered();
  }

  pause(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#handle?.readStop();
  }

  probe(): void {
    if (this.#reading || this.#tls !== undefined || this.writableEnded || this.unsent > 0) return;
    const result = this.#handle?.writeBuffer(null, nothing);
    if (result !== undefined) this.#written(result, nothing);
  }

  resume(): void {
    if (this.#reading || this.readableEnded) return;
    this.#reading = true;
    this.#handle?.readStart();
  }

  expectMore(lastRead: number): void {
    this.#own = lastRead >= ownFromBytes;
  }

  expectHead(): void {
    this.#own = false;
  }

  reuse(): void {
    this.#reusable = true;
  }

  end(): void {
    if (this.writableEnded || this.#handle === undefined) return;
    this.uncork();
    this.writableEnded = true;
    this.#settle();
  }

  destroySoon(): void {
    this.#closing = true;
    // A client of TLS must be told that nothing was cut off. Source: RFC 8446 section 6.1.
    if (this.#tls !== undefined) this.end();
    this.#settle();
  }

  destroy(): void {
    const tcp = this.#release();
    if (tcp !== undefined) tcp.close(onClosed);
  }

  resetAndDestroy(): void {
    const tcp = this.#release();
    // Refused while the end is on its way.
    if (tcp !== undefined && tcp.reset(onClosed) !== 0) tcp.close(onClosed);
  }

  /** For the handle alone: a read. @returns where the next one goes, when that changes */
  read(length: number): Uint8Array | undefined {
    // What was read before comes before the end, a failure, and more.
    this.deliver();
    if (this.#handle === undefined) return undefined;
    if (length <= 0) {
      this.#readNothing(length);
      return undefined;
    }
    const bytes = this.#buffer;
    if (bytes !== sharedBuffer) return this.#readOwn(bytes, length);
    this.#waitingAt = addToBatch(this, bytes, length);
    if (this.#waitingAt >= 0) {
      this.#waitingBytes = length;
      return undefined;
    }
    this.owner.onInput(bytes, 0, length, true);
    if (!this.#own) return undefined;
    this.#buffer = newBuffer();
    return this.#buffer;
  }

  /** For the batch alone. A socket that failed still has what it read before; one that was destroyed has nothing to say. */
  deliver(): void {
    const length = this.#waitingBytes;
    if (length === 0) return;
    this.#waitingBytes = 0;
    if (this.#handle === undefined && !this.#hadError) return;
    this.owner.onInput(batchBuffer, this.#waitingAt, this.#waitingAt + length, true);
  }

  /** For the handle alone: a write that had to wait is over. */
  onWritten(status: number): void {
    this.#writing = 0;
    if (this.#handle === undefined) return;
    if (status < 0) return this.#fail();
    if (!this.#corked) this.#writeGathered();
    if (this.unsent > 0) return;
    if (this.writableNeedDrain) {
      this.writableNeedDrain = false;
      if (!this.writableEnded) this.owner.onDrain();
    }
    this.#settle();
  }

  /** For the handle alone. */
  onShut(status: number): void {
    if (this.#handle === undefined) return;
    this.#shutdown = 'shut';
    if (status < 0) this.#fail();
    else this.#settle();
  }

  /** For the handle alone: it is closed. */
  closed(): void {
    // Writes that were under way refer to it until then.
    this.#tls?.destroySSL();
    const { owner } = this;
    this.owner = nobody;
    this.#onGone();
    owner.onClose(this.#hadError);
  }

  #readOwn(bytes: Buffer, length: number): Buffer | undefined {
    this.#reusable = false;
    this.owner.onInput(bytes, 0, length, false);
    if (!this.#own) {
      if (this.#reusable) returnBuffer(bytes);
      this.#buffer = sharedBuffer;
    } else if (this.#reusable) this.#buffer = sameOrLarger(bytes, length);
    else this.#buffer = newBuffer();
    return this.#buffer === bytes ? undefined : this.#buffer;
  }

  #readNothing(status: number): void {
    if (status === 0 || this.readableEnded) return;
    if (status !== endOfInput) return this.#fail();
    this.readableEnded = true;
    this.owner.onEnd();
    this.#settle();
  }

  #peerName(): PeerName {
    if (this.#peer === undefined) {
      this.#peer = {};
      if (this.#handle !== undefined) this.#tcp.getpeername(this.#peer);
    }
    return this.#peer;
  }

  /** The first answer needs no option: nothing is on its way that it could wait for. */
  #beforeWrite(): void {
    this.#writes += 1;
    if (this.#writes === 2) this.#tcp.setNoDelay(true);
  }

  #gather(data: Uint8Array | string, encoding: 'buffer' | 'latin1'): boolean {
    if (this.#gathered === undefined) this.#gathered = [data, encoding];
    else this.#gathered.push(data, encoding);
    this.#gatheredBytes += data.length;
    if (this.#writing > 0 && this.unsent >= unsentLimit) this.writableNeedDrain = true;
    return !this.writableNeedDrain;
  }

  #writeGathered(): void {
    const handle = this.#handle;
    const gathered = this.#gathered;
    if (gathered === undefined || handle === undefined) return;
    this.#gathered = undefined;
    this.#gatheredBytes = 0;
    this.#beforeWrite();
    this.#written(handle.writev(null, gathered, false), gathered);
  }

  #written(result: number | WriteRequest, data: unknown): boolean {
    if (result === 0) return !this.writableNeedDrain;
    const { state, writeError, written } = this.#handles;
    if (typeof result === 'number' || state[writeError] !== 0) {
      this.#fail();
      return false;
    }
    const bytes = state[written] ?? 0;
    this.#writing = bytes;
    if (bytes >= unsentLimit) this.writableNeedDrain = true;
    result.owner = this;
    result.data = data;
    result.oncomplete = onComplete;
    if (result.writeStatus !== null) this.onWritten(result.writeStatus);
    return !this.writableNeedDrain;
  }

  /** Whatever comes next, once all is written. */
  #settle(): void {
    const handle = this.#handle;
    if (handle === undefined || this.unsent > 0) return;
    if (this.writableEnded && this.#shutdown === 'open') this.#shut(handle);
    if (this.#shutdown === 'shutting') return;
    if (this.#closing || (this.readableEnded && this.#shutdown === 'shut')) this.destroy();
  }

  #shut(handle: StreamHandle): void {
    const request = new this.#handles.ShutdownRequest();
    request.owner = this;
    request.oncomplete = onShut;
    this.#shutdown = 'shutting';
    // Whatever is wrong with the connection, closing it is next. So it is when the alert of TLS is out: the kernel's own end
    // follows from closing.
    if (handle.shutdown(request) !== 0 || (this.#closing && this.#tcp.writeQueueSize === 0)) this.#shutdown = 'shut';
  }

  #fail(): void {
    this.#hadError = true;
    this.destroy();
  }

  #release(): TcpHandle | undefined {
    const handle = this.#handle;
    if (handle === undefined) return undefined;
    this.#sent = this.sent;
    this.#received = handle.bytesRead;
    this.#handle = undefined;
    this.#gathered = undefined;
    this.#gatheredBytes = 0;
    handle.onread = readNothing;
    return this.#tcp;
  }
}

function ownerOf(of: { owner?: unknown }): HandleSocket | undefined {
  return of.owner instanceof HandleSocket ? of.owner : undefined;
}

function onRead(this: StreamHandle): Uint8Array | undefined {
  const length = nodeHandles?.state[nodeHandles.read] ?? 0;
  return ownerOf(this)?.read(length);
}

function readNothing(): undefined {
  return undefined;
}

function onComplete(this: WriteRequest, status: number): void {
  this.data = undefined;
  ownerOf(this)?.onWritten(status);
}

function onShut(this: ShutdownRequest, status: number): void {
  ownerOf(this)?.onShut(status);
}

function onClosed(this: TcpHandle): void {
  ownerOf(this)?.closed();
}
