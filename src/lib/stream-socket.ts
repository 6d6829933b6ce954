import type { Socket } from 'node:net';

import type { ByteSocket, SocketOwner } from './byte-socket.ts';
import { nobody } from './byte-socket.ts';

const nothing = Buffer.alloc(0);

/** A socket of `node:net` or `node:tls`: works with every Node, and where TLS is spoken to an endpoint. */
export class StreamSocket implements ByteSocket {
  owner: SocketOwner = nobody;
  readonly #socket: Socket;

  /** @param socket  with an `error` listener, and `allowHalfOpen` */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.owner.onInput(chunk, chunk.length, false));
    socket.on('end', () => this.owner.onEnd());
    socket.on('drain', () => this.owner.onDrain());
    socket.once('close', (hadError: boolean) => this.owner.onClose(hadError));
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  get readableEnded(): boolean {
    return this.#socket.readableEnded;
  }

  get writableEnded(): boolean {
    return this.#socket.writableEnded;
  }

  get writableNeedDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  get sent(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  get received(): number {
    return this.#socket.bytesRead;
  }

  write(bytes: Uint8Array): boolean {
    return this.#writable && this.#socket.write(bytes);
  }

  writeText(text: string): boolean {
    return this.#writable && this.#socket.write(text, 'latin1');
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  probe(): void {
    if (this.#socket.isPaused() && this.#writable) this.#socket.write(nothing);
  }

  resume(): void {
    this.#socket.resume();
  }

  expectMore(): void {
    // Each read comes in a buffer of its own.
  }

  expectHead(): void {
    // Each read comes in a buffer of its own.
  }

  end(): void {
    this.#socket.end();
  }

  destroySoon(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Node 26.10 does not close a socket that is reset after `end`, and throws for TLS. */
  resetAndDestroy(): void {
    if ('encrypted' in this.#socket || this.#socket.writableEnded) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  get #writable(): boolean {
    return !this.#socket.destroyed && !this.#socket.writableEnded;
  }
}
