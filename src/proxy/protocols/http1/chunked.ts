import { HeadLines } from './head-lines.ts';

/** Takes pieces of a body as they come. The bytes are valid during the call only. */
export type OnBytes = (chunk: Buffer, from: number, to: number) => void;

const longestSize = 8;
const longestExtension = 256;
/** Of all extensions of one message (Node CVE-2024-22019). */
const extensionsLimit = 16 * 1024;
/** Names that say how a message is framed or routed may not come after it (threats R-29). */
const refusedTrailers = new Set(['content-length', 'transfer-encoding', 'host', 'connection', 'upgrade', 'trailer']);

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const semicolon = 0x3b;

/** `;name`, `;name=token` and `;name="quoted"`, any number of them. Each character has one way to match: linear time. */
const extensions =
  /^(?:;[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:=(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+|"(?:[\t !#-[\]-~]|\\[\t -~])*"))?)+$/;

type State = 'size' | 'extension' | 'size-end' | 'data' | 'data-return' | 'data-end' | 'trailers' | 'complete' | 'bad';

/**
 * Reads the chunked coding from bytes in any segmentation. Chunk extensions and trailer fields are checked and dropped.
 * Source: RFC 9112 section 7.1; threats R-20, R-29.
 */
export class ChunkedReader {
  /** Why the coding is broken; empty while it is not. */
  problem = '';
  #state: State = 'size';
  #size = 0;
  #digits = 0;
  /** What stands behind the size, its semicolon included. */
  #extension = '';
  #extensions = 0;
  #trailers: HeadLines | undefined = undefined;

  get complete(): boolean {
    return this.#state === 'complete';
  }

  reset(): void {
    this.problem = '';
    this.#state = 'size';
    this.#size = 0;
    this.#digits = 0;
    this.#extension = '';
    this.#extensions = 0;
    this.#trailers = undefined;
  }

  /** @returns index of the first byte that was not taken: behind the body when `complete`, anything after a problem */
  feed(chunk: Buffer, from: number, to: number, onBytes: OnBytes): number {
    let at = from;
    while (at < to) {
      switch (this.#state) {
        case 'data':
          at = this.#data(chunk, at, to, onBytes);
          break;
        case 'trailers':
          at = this.#trailer(chunk, at, to);
          break;
        case 'complete':
        case 'bad':
          return at;
        case 'size':
        case 'extension':
        case 'size-end':
        case 'data-return':
        case 'data-end':
          this.#byte(chunk[at] ?? 0);
          at += 1;
          break;
      }
    }
    return at;
  }

  #data(chunk: Buffer, at: number, to: number, onBytes: OnBytes): number {
    const end = Math.min(to, at + this.#size);
    this.#size -= end - at;
    if (this.#size === 0) this.#state = 'data-return';
    onBytes(chunk, at, end);
    return end;
  }

  #trailer(chunk: Buffer, at: number, to: number): number {
    const lines = (this.#trailers ??= new HeadLines({ bytes: 4096, fields: 16, startLine: false, emptyLines: 0 }));
    const next = lines.feed(chunk, at, to);
    if (lines.problem !== undefined) this.#refuse(lines.problem.what);
    else if (lines.complete) {
      const refused = lines.headers.some((name, index) => index % 2 === 0 && refusedTrailers.has(name.toLowerCase()));
      if (refused) this.#refuse('trailer that frames or routes');
      else this.#state = 'complete';
    }
    return next;
  }

  /** One byte of a line around the data. */
  #byte(byte: number): void {
    switch (this.#state) {
      case 'size':
        return this.#sizeByte(byte);
      case 'extension':
        return this.#extensionByte(byte);
      case 'size-end':
        return byte === lineFeed ? this.#beginData() : this.#refuse('chunk size without CR LF');
      case 'data-return':
        return byte === carriageReturn ? this.#become('data-end') : this.#refuse('chunk without CR LF');
      case 'data-end':
        if (byte !== lineFeed) return this.#refuse('chunk without CR LF');
        this.#digits = 0;
        return this.#become('size');
      case 'data':
      case 'trailers':
      case 'complete':
      case 'bad':
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#digits += 1;
      this.#size = this.#size * 16 + digit;
      if (this.#digits > longestSize) this.#refuse('chunk size too long');
      return;
    }
    if (this.#digits === 0) return this.#refuse('no chunk size');
    if (byte === carriageReturn) return this.#become('size-end');
    if (byte !== semicolon) return this.#refuse('chunk size');
    this.#extension = ';';
    return this.#become('extension');
  }

  /** A line end ends the extension inside of quotes as well: a reader that knows no quotes sees the same line. */
  #extensionByte(byte: number): void {
    if (byte === carriageReturn) {
      return extensions.test(this.#extension) ? this.#become('size-end') : this.#refuse('chunk extension');
    }
    this.#extension += String.fromCharCode(byte);
    this.#extensions += 1;
    if (this.#extension.length > longestExtension || this.#extensions > extensionsLimit) {
      this.#refuse('chunk extensions too long');
    }
  }

  #beginData(): void {
    this.#become(this.#size === 0 ? 'trailers' : 'data');
  }

  #become(state: State): void {
    this.#state = state;
  }

  #refuse(problem: string): void {
    this.problem = problem;
    this.#state = 'bad';
  }
}

/** The end of a body in chunked coding, without trailers. */
export const lastChunk = '0\r\n\r\n';

/** What stands before the data of a chunk. @param size  bytes, above 0: zero would end the body */
export function chunkHead(size: number): string {
  return `${size.toString(16)}\r\n`;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
