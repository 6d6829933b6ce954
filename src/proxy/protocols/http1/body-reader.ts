import type { OnBytes } from './chunked.ts';
import { ChunkedReader } from './chunked.ts';

/** How the length of a body is known. */
export type BodyKind = 'none' | 'length' | 'chunked' | 'close';

/** Reads one body after the other from a connection. Source: RFC 9112 section 6.3. */
export class BodyReader {
  #kind: BodyKind = 'none';
  #left = 0;
  #chunked: ChunkedReader | undefined = undefined;

  /** @param length  of a body with a length, 1 or more */
  begin(kind: BodyKind, length: number): void {
    this.#kind = kind;
    this.#left = length;
    if (kind !== 'chunked') return;
    if (this.#chunked === undefined) this.#chunked = new ChunkedReader();
    else this.#chunked.reset();
  }

  /** Never for a body that ends with the connection. */
  get complete(): boolean {
    if (this.#kind === 'length') return this.#left === 0;
    if (this.#kind === 'chunked') return this.#chunked?.complete === true;
    return this.#kind === 'none';
  }

  /** The body is over when the connection ends now. */
  get endsWithConnection(): boolean {
    return this.#kind === 'close';
  }

  /** Why the coding is broken; empty while it is not. */
  get problem(): string {
    return this.#kind === 'chunked' ? (this.#chunked?.problem ?? '') : '';
  }

  /** @returns index of the first byte that does not belong to the body */
  feed(chunk: Buffer, from: number, to: number, onBytes: OnBytes): number {
    if (this.#kind === 'chunked') return this.#chunked?.feed(chunk, from, to, onBytes) ?? from;
    if (this.#kind === 'none') return from;
    const end = this.#kind === 'close' ? to : Math.min(to, from + this.#left);
    if (this.#kind === 'length') this.#left -= end - from;
    if (end > from) onBytes(chunk, from, end);
    return end;
  }
}
