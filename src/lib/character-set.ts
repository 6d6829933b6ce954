/**
 * Set of characters: one bit for each of the first 256, and whether the characters above them belong to it.
 * Shape of `bits`: `[8]`, the bit of character `c` is bit `c & 31` of word `c >> 5`.
 */
export class CharacterSet {
  readonly #bits = new Uint32Array(8);
  #above = false;

  /** All characters. */
  static any(): CharacterSet {
    return new CharacterSet().invert();
  }

  /** @param code  of a UTF-16 unit */
  has(code: number): boolean {
    return code > 255 ? this.#above : (((this.#bits[code >>> 5] ?? 0) >>> (code & 31)) & 1) === 1;
  }

  /** @param from  @param to  codes up to 255, both included */
  addRange(from: number, to: number): this {
    for (let code = from; code <= to; code += 1)
      this.#bits[code >>> 5] = (this.#bits[code >>> 5] ?? 0) | (1 << (code & 31));
    return this;
  }

  addSet(other: CharacterSet): this {
    other.#bits.forEach((word, at) => {
      this.#bits[at] = (this.#bits[at] ?? 0) | word;
    });
    this.#above ||= other.#above;
    return this;
  }

  invert(): this {
    this.#bits.forEach((word, at) => {
      this.#bits[at] = ~word;
    });
    this.#above = !this.#above;
    return this;
  }

  /** Each ASCII letter in both cases. */
  foldCase(): this {
    for (let lower = 0x61; lower <= 0x7a; lower += 1) {
      const upper = lower - 0x20;
      if (this.has(lower)) this.addRange(upper, upper);
      else if (this.has(upper)) this.addRange(lower, lower);
    }
    return this;
  }
}
