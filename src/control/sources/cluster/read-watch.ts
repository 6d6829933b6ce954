import type { IncomingMessage } from 'node:http';

import type { Clock } from '../../../lib/clock.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import type { ApiError } from './api-error.ts';
import { networkError } from './api-error.ts';
import { LineSplitter } from './line-splitter.ts';
import type { Timers } from './timers.ts';

/**
 * How a watch ended. `ended`: the server closed it in order. `stall`: nothing came for too long. `line`: a line that
 * is no event, so something may be lost. `cut`: the connection broke. `stopped`: the taker of lines wanted no more.
 */
export type WatchEnd =
  | { readonly kind: 'ended' | 'stall' | 'line' | 'stopped' }
  | { readonly kind: 'cut'; readonly error: ApiError };

export interface WatchOptions {
  readonly client: ApiClient;
  readonly request: ApiRequest;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lineLimitBytes: number;
  /** Nothing lives longer than this, even when the server forgets its `timeoutSeconds`. */
  readonly hardStopMs: number;
  /** Longest silence that is believed right now; 0 for any. Asked again after every byte. */
  readonly silenceMs: () => number;
  /** The head has come: the watch stands. */
  readonly opened: () => void;
  readonly contact: () => void;
  /** @returns false to end the watch */
  readonly take: (line: string, bytes: number) => boolean;
}

/** Opens one watch and gives its lines away until it ends. @throws ApiError when it could not be opened */
export async function readWatch(options: WatchOptions): Promise<WatchEnd> {
  const response = await options.client.stream(options.request);
  options.opened();
  return new Promise((resolve) => {
    new WatchReader(options, response, resolve).start();
  });
}

/** One open watch: three ways to find out that it is dead, and one way to end. */
class WatchReader {
  readonly #options: WatchOptions;
  readonly #response: IncomingMessage;
  readonly #resolve: (end: WatchEnd) => void;
  readonly #lines: LineSplitter;
  #lastByteAt: number;
  #cancelSilence: () => void = () => {};
  #cancelHardStop: () => void = () => {};
  #done = false;

  constructor(options: WatchOptions, response: IncomingMessage, resolve: (end: WatchEnd) => void) {
    this.#options = options;
    this.#response = response;
    this.#resolve = resolve;
    this.#lines = new LineSplitter(options.lineLimitBytes);
    this.#lastByteAt = options.clock.now();
  }

  start(): void {
    // It may have died in the same turn of the loop in which its head came: then nothing will be announced any more.
    if (this.#response.destroyed)
      return this.#end(cut(this.#response.errored ?? new Error('the connection was closed')));
    this.#cancelHardStop = this.#options.timers.after(this.#options.hardStopMs, () => this.#end({ kind: 'stall' }));
    this.#watchSilence();
    this.#response.on('data', (chunk: Buffer) => this.#data(chunk));
    this.#response.once('end', () => this.#end({ kind: this.#lines.pendingBytes > 0 ? 'line' : 'ended' }));
    this.#response.on('error', (error) => this.#end(cut(error)));
    this.#response.once('close', () => this.#end(cut(new Error('the connection was closed'))));
  }

  #data(chunk: Buffer): void {
    if (this.#done) return;
    this.#lastByteAt = this.#options.clock.now();
    this.#options.contact();
    const before = this.#options.silenceMs();
    const result = this.#lines.push(chunk, this.#options.take);
    if (result === 'stopped') return this.#end({ kind: 'stopped' });
    if (result !== 'more') return this.#end({ kind: 'line' });
    if (this.#options.silenceMs() !== before) this.#watchSilence();
  }

  /** One timer that looks at the last byte when it fires, instead of one that is moved for every byte. */
  #watchSilence(): void {
    this.#cancelSilence();
    const limit = this.#options.silenceMs();
    if (limit === 0 || this.#done) return;
    const left = this.#lastByteAt + limit - this.#options.clock.now();
    if (left <= 0) return this.#end({ kind: 'stall' });
    this.#cancelSilence = this.#options.timers.after(left, () => this.#watchSilence());
  }

  #end(end: WatchEnd): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelSilence();
    this.#cancelHardStop();
    // A connection whose answer has been read to its end is kept for the next watch; any other is worth nothing.
    if (end.kind !== 'ended') this.#response.destroy();
    this.#resolve(end);
  }
}

function cut(error: unknown): WatchEnd {
  return { kind: 'cut', error: networkError(error, 'the watch was cut') };
}
