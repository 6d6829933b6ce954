/** Who is due first among `size` places; a binary heap. Every place is put into it before the first one is asked for. */
export class DueHeap {
  /** Places, each due no earlier than its parent. Shape: `[size]`. */
  readonly #heap: Int32Array;
  /** When each place is due. Shape: `[size]`. */
  readonly #due: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#heap = new Int32Array(size);
    this.#due = new Float64Array(size);
  }

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  /** When a place is due, or was when it was taken. */
  dueOf(place: number): number {
    return this.#due[place] ?? 0;
  }

  /** The place that is due first. */
  first(): number {
    return this.#heap[0] ?? 0;
  }

  /** The first place is due later from now on. */
  postponeFirst(due: number): void {
    const place = this.first();
    this.#due[place] = due;
    this.#sink(place);
  }

  /** Takes the first place out. */
  take(): number {
    const place = this.first();
    this.#count -= 1;
    if (this.#count > 0) this.#sink(this.#heap[this.#count] ?? 0);
    return place;
  }

  /** Puts a place in that is not in it. */
  put(place: number, due: number): void {
    this.#due[place] = due;
    let at = this.#count;
    this.#count += 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = this.#heap[parent] ?? 0;
      if (this.dueOf(above) <= due) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = place;
  }

  /** From the top, where its place is free, down to where it belongs. */
  #sink(place: number): void {
    const due = this.dueOf(place);
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#count) break;
      const other = child + 1;
      if (other < this.#count && this.#dueAt(other) < this.#dueAt(child)) child = other;
      if (this.#dueAt(child) >= due) break;
      this.#heap[at] = this.#heap[child] ?? 0;
      at = child;
    }
    this.#heap[at] = place;
  }

  #dueAt(at: number): number {
    return this.#due[this.#heap[at] ?? 0] ?? 0;
  }
}
