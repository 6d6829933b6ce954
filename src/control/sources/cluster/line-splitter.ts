/** What became of a chunk: all lines taken, the taker asked to stop, or a line that must not be believed. */
export type SplitResult = 'more' | 'stopped' | 'too-long' | 'not-utf8';

/**
 * Cuts a byte stream at 0x0A and at nothing else: `\r`, U+2028 and U+2029 are ordinary characters inside JSON text.
 * Lines are decoded whole, so a character cut by a chunk's end stays whole. Memory: at most one line of `limitBytes`.
 */
export class LineSplitter {
  readonly #limitBytes: number;
  readonly #decoder: TextDecoder = new TextDecoder('utf-8', { fatal: true });
  #parts: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes of a line whose end has not come. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Gives every complete line to `take`, without its end; empty lines are left out.
   * @param take  returns false to get no more
   */
  push(chunk: Uint8Array, take: (line: string, bytes: number) => boolean): SplitResult {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end === -1) return this.#keep(chunk.subarray(start));
      const bytes = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (bytes.byteLength > this.#limitBytes) return 'too-long';
      if (bytes.byteLength === 0) continue;
      const line = this.#decode(bytes);
      if (line === undefined) return 'not-utf8';
      if (!take(line, bytes.byteLength)) return 'stopped';
    }
  }

  #keep(rest: Uint8Array): SplitResult {
    if (rest.byteLength > 0) this.#parts.push(rest);
    this.#pendingBytes += rest.byteLength;
    return this.#pendingBytes > this.#limitBytes ? 'too-long' : 'more';
  }

  #complete(last: Uint8Array): Uint8Array {
    if (this.#parts.length === 0) return last;
    const whole = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#pendingBytes = 0;
    return whole;
  }

  #decode(bytes: Uint8Array): string | undefined {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return undefined;
    }
  }
}
