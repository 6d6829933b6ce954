import type { BodyCopy } from '../../exchange/body-copy.ts';

/** Takes the body of a request on its way to an upstream. */
export interface RequestBodySink {
  /** @returns false asks for a pause until `RequestBody.resume` */
  bodyBytes(bytes: Buffer): boolean;
  bodyEnd(): void;
}

/** What a request's body may do to the connection it comes from. */
export interface BodyOrigin {
  pauseReading(): void;
  resumeReading(): void;
}

/** Read ahead while nobody takes it. */
const aheadLimit = 64 * 1024;

/**
 * The body of one request. What came so far is kept until it is too much, so that another upstream can get it from the
 * start; bytes are never copied.
 */
export class RequestBody {
  readonly chunked: boolean;
  /** Of a body with a length. */
  readonly length: number;
  /** All of it has come. */
  complete = false;
  /** Bytes are gone and cannot be sent again. */
  consumed = false;
  received = 0;
  /** The reader was asked to wait. */
  paused = false;
  #limitBytes = 0;
  #replayBytes = aheadLimit;
  readonly #origin: BodyOrigin;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #keeping = true;
  #sink: RequestBodySink | undefined = undefined;
  #copy: BodyCopy | undefined = undefined;

  constructor(origin: BodyOrigin, chunked: boolean, length: number) {
    this.#origin = origin;
    this.chunked = chunked;
    this.length = length;
  }

  /** More has come than is allowed. */
  get tooLarge(): boolean {
    return this.#limitBytes > 0 && this.received > this.#limitBytes;
  }

  /** What its route says. @param limitBytes  0 is no limit @param replayBytes  kept so that it can be sent again */
  limit(limitBytes: number, replayBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#replayBytes = replayBytes;
  }

  /** The whole body as one piece while it is complete and kept; undefined otherwise. */
  get whole(): Buffer | undefined {
    return this.complete && !this.consumed && this.#kept.length === 1 ? this.#kept[0] : undefined;
  }

  /** The connection has more of it. */
  push(bytes: Buffer): void {
    this.received += bytes.length;
    this.#copy?.bytes(bytes);
    if (this.#keeping) this.#keep(bytes);
    if (this.#sink === undefined) {
      if (this.#keeping && this.#keptBytes >= aheadLimit) this.#pause();
      return;
    }
    if (!this.#sink.bodyBytes(bytes)) this.#pause();
  }

  /** The connection has all of it. */
  end(): void {
    this.complete = true;
    this.#copy?.end();
    this.#sink?.bodyEnd();
  }

  /** Sends it to `sink` from the start, then as it comes. Not after `consumed`. */
  attach(sink: RequestBodySink): void {
    this.#sink = sink;
    let flowing = true;
    for (const bytes of this.#kept) flowing = sink.bodyBytes(bytes) && flowing;
    this.handedOn();
    if (this.complete) return sink.bodyEnd();
    if (flowing) this.resume();
    else this.#pause();
  }

  /** Gives the whole body to `copy` as well, which must come before any of it is gone. Only the first one counts. */
  copyTo(copy: BodyCopy): void {
    if (this.#copy !== undefined) return;
    this.#copy = copy;
    for (const bytes of this.#kept) copy.bytes(bytes);
    if (this.complete) copy.end();
  }

  /** What came so far is on its way to an upstream. */
  handedOn(): void {
    if (this.#keptBytes > this.#replayBytes) this.#forget();
  }

  /** The sink is gone; another may come. */
  detach(): void {
    this.#sink = undefined;
  }

  /** Nobody will want it from the start any more. */
  stopKeeping(): void {
    if (this.#keeping && this.received > 0) this.#forget();
    this.#keeping = false;
  }

  /** Nobody wants the rest: it is read and thrown away. */
  discard(): void {
    this.stopKeeping();
    this.#sink = undefined;
    this.resume();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#origin.resumeReading();
  }

  #pause(): void {
    if (this.paused || this.complete) return;
    this.paused = true;
    this.#origin.pauseReading();
  }

  #keep(bytes: Buffer): void {
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    // Without a sink it waits, and is kept whatever its last piece was.
    if (this.#sink !== undefined) this.handedOn();
  }

  #forget(): void {
    this.#keeping = false;
    this.consumed = true;
    this.#kept = [];
    this.#keptBytes = 0;
  }
}
