import type { OnReadOpts } from 'node:net';

/**
 * Takes the bytes of one read: [0, to) of `bytes`.
 * @param shared  the bytes are valid during the call only: whoever keeps them, or writes them on, copies
 */
export type OnInput = (bytes: Buffer, to: number, shared: boolean) => void;

const bufferBytes = 64 * 1024;
/** For a body whose reader keeps up: four times fewer reads and writes. */
const largeBytes = 256 * 1024;
const ownFromBytes = 16 * 1024;

/**
 * All sockets of this process read into this one: what they read is used at once. Without it each read would allocate
 * 64 KiB, and give most of them back.
 */
const sharedBuffer = Buffer.allocUnsafeSlow(bufferBytes);

/** Large buffers that nobody uses now; the one that was used last, which the processor still has, is used first. */
const spares: Buffer[] = [];
const mostSpares = 16;

/**
 * What one socket reads. Heads and small bodies come in the shared buffer; the reads of a large body come in buffers
 * of their own, which can be passed on without a copy. They are used again and again while they are written on at once,
 * and get larger: memory that is always new costs more than what is done with it.
 */
export class SocketInput {
  /** Set by whoever uses the socket; until then bytes are thrown away. */
  onInput: OnInput = () => undefined;
  #own = false;
  /** Nobody needs the bytes of the last read any more. */
  #reusable = false;
  #lastRead = 0;
  /** The buffer that the next read fills. */
  #buffer: Buffer = sharedBuffer;

  /** For the constructor of a socket. */
  get options(): OnReadOpts {
    return { buffer: () => this.#next(), callback: (length) => this.#onRead(length) };
  }

  /**
   * Part of a body has come, and more is to come. Large reads continue in buffers of their own; the trickle of a slow
   * sender stays in the shared one, where a copy of few bytes costs less than 64 KiB.
   */
  expectMore(lastRead: number): void {
    this.#own = lastRead >= ownFromBytes;
  }

  /** The body is over. */
  expectHead(): void {
    this.#own = false;
  }

  /** Says, while bytes are taken, that nobody will need them afterwards: they are copied, or with the kernel. */
  reuse(): void {
    this.#reusable = true;
  }

  /** Asked for before the first and after each read. */
  #next(): Buffer {
    const spare = this.#reusable && this.#buffer !== sharedBuffer ? this.#buffer : undefined;
    if (!this.#own) {
      if (spare?.length === largeBytes && spares.length < mostSpares) spares.push(spare);
      this.#buffer = sharedBuffer;
    } else if (spare === undefined) this.#buffer = Buffer.allocUnsafeSlow(bufferBytes);
    else if (spare.length < largeBytes && this.#lastRead === spare.length) {
      this.#buffer = spares.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
    }
    return this.#buffer;
  }

  #onRead(length: number): boolean {
    const bytes = this.#buffer;
    this.#reusable = false;
    this.#lastRead = length;
    this.onInput(bytes, length, bytes === sharedBuffer);
    return true;
  }
}
