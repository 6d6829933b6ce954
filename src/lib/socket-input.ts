import type { OnReadOpts } from 'node:net';

import { atEndOfTurn, currentTurn } from './event-clock.ts';

/**
 * Takes the bytes of one read: [from, to) of `bytes`.
 * @param shared  the bytes are valid during the call only: whoever keeps them, or writes them on, copies
 */
export type OnInput = (bytes: Buffer, from: number, to: number, shared: boolean) => void;

const bufferBytes = 64 * 1024;
/** For a body whose reader keeps up: four times fewer reads and writes. */
const largeBytes = 256 * 1024;
const ownFromBytes = 16 * 1024;

/**
 * All sockets of this process read into this one: what they read is used at once. Without it each read would allocate
 * 64 KiB, and give most of them back.
 */
const sharedBuffer = Buffer.allocUnsafeSlow(bufferBytes);

/**
 * Small reads wait here until all sockets that have something are read, and are then handled one after the other: our own
 * code and that of the kernel drive each other out of the processor's caches when they take turns.
 */
const batchBuffer = Buffer.allocUnsafeSlow(256 * 1024);
const smallBytes = 4096;
/** Inputs whose bytes wait; [batchNext, batchEnd) are still to come. */
const batch: (SocketInput | undefined)[] = [];
let batchNext = 0;
let batchEnd = 0;
let batchBytes = 0;

function handleBatch(): void {
  while (batchNext < batchEnd) {
    const input = batch[batchNext];
    batch[batchNext] = undefined;
    batchNext += 1;
    input?.settle();
  }
  batchNext = batchEnd = batchBytes = 0;
}

atEndOfTurn(handleBatch);

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
  /** Bytes that wait in the batch. */
  #waitingAt = 0;
  #waitingBytes = 0;
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

  /**
   * Hands on what was read and waits for the end of the turn. Whoever hears that the socket ended, failed or closed asks
   * for it first: those events do not wait.
   */
  settle(): void {
    const length = this.#waitingBytes;
    if (length === 0) return;
    this.#waitingBytes = 0;
    this.onInput(batchBuffer, this.#waitingAt, this.#waitingAt + length, true);
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
    const shared = bytes === sharedBuffer;
    this.#reusable = false;
    this.#lastRead = length;
    this.settle();
    if (shared && length <= smallBytes && batchBytes + length <= batchBuffer.length) this.#wait(length);
    else this.onInput(bytes, 0, length, shared);
    return true;
  }

  #wait(length: number): void {
    sharedBuffer.copy(batchBuffer, batchBytes, 0, length);
    this.#waitingAt = batchBytes;
    this.#waitingBytes = length;
    batchBytes += length;
    batch[batchEnd] = this;
    batchEnd += 1;
    // Sees to it that the turn has an end.
    currentTurn();
  }
}
