import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What the connection tells of its request; called once for each. */
export type OnDone = (failure: string | undefined, backend: string | undefined) => void;

/** A connection of HTTP/1.1 that carries one GET at a time, and as little else as possible. */
export class ClientConnection {
  readonly #socket: Socket;
  #done: OnDone | undefined = undefined;
  #text = '';
  /** Bytes of the body that are still to come; -1: the head is not complete. */
  #left = -1;
  #failure: string | undefined = undefined;
  #backend: string | undefined = undefined;
  #lastsLonger = true;

  constructor(port: number, localAddress: string | undefined, onGone: (connection: ClientConnection) => void) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, ...(localAddress ? { localAddress } : {}) });
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#end(error.code === 'ECONNREFUSED' ? 'refused' : 'reset');
    });
    this.#socket.on('close', () => {
      this.#end(this.#text === '' && this.#left < 0 ? 'reset' : 'truncated');
      onGone(this);
    });
  }

  get usable(): boolean {
    return !this.#socket.destroyed && this.#lastsLonger && this.#done === undefined;
  }

  /** @param bytes  a whole request */
  send(bytes: string, done: OnDone): void {
    this.#done = done;
    this.#socket.write(bytes, 'latin1');
  }

  /** The request, if any, has failed. */
  abort(failure: string): void {
    this.#socket.destroy();
    this.#end(failure);
  }

  #read(chunk: Buffer): void {
    if (this.#left >= 0) return this.#take(chunk.length);
    this.#text += chunk.toString('latin1');
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#text.slice(0, end + 2);
    const status = head.slice(9, 12);
    this.#failure = status === '200' ? undefined : `HTTP ${status}`;
    this.#backend = /\r\nx-backend: ([^\r]*)/i.exec(head)?.[1];
    this.#lastsLonger = !/\r\nconnection: close/i.test(head);
    this.#left = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    this.#take(this.#text.length - end - 4);
  }

  #take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left > 0) return;
    this.#text = '';
    this.#left = -1;
    if (!this.#lastsLonger) this.#socket.destroy();
    this.#end(this.#failure);
  }

  #end(failure: string | undefined): void {
    const done = this.#done;
    this.#done = undefined;
    if (done !== undefined) done(failure, this.#backend);
    this.#backend = undefined;
  }
}
