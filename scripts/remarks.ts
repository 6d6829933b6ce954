import type { LogLine } from './terminal-lines.ts';
import { readableLine, textOf } from './terminal-lines.ts';

/** What the terminal has been told about objects: each remark once, and its end only when there was a begin. */
export class Remarks {
  /** Place to the texts that were said of it. */
  readonly #told = new Map<string, Set<string>>();
  /** Places of which something was said since the last `settle`, and still holds. */
  readonly #fresh = new Set<string>();
  #mended = '';

  get areFresh(): boolean {
    return this.#fresh.size > 0;
  }

  settle(): void {
    this.#fresh.clear();
  }

  /** Whether a line of the log is about an object, as a diagnostic or the end of one. */
  static isRemark(line: LogLine): boolean {
    return textOf(line, 'code') !== '' && textOf(line, 'object') !== '';
  }

  /** @returns the line for the terminal, undefined when it says nothing new */
  take(line: LogLine, now: Date): string | undefined {
    const place = ['code', 'object', 'field'].map((name) => textOf(line, name)).join('\n');
    const text = readableLine(line, now);
    if (textOf(line, 'message') === 'mended') return this.#end(place, text);
    this.#mended = '';
    const told = this.#told.get(place) ?? new Set();
    this.#told.set(place, told);
    const what = ['message', 'why'].map((name) => textOf(line, name)).join('\n');
    if (told.has(what)) return undefined;
    told.add(what);
    this.#fresh.add(place);
    return text;
  }

  /** Several remarks about one place end with one line. */
  #end(place: string, text: string): string | undefined {
    this.#fresh.delete(place);
    if (!this.#told.delete(place) || this.#mended === text) return undefined;
    this.#mended = text;
    return text;
  }
}
