import type { CharacterSet } from './character-set.ts';
import type { PatternNode } from './pattern-syntax.ts';
import { parsePattern } from './pattern-syntax.ts';

export type CompiledPattern =
  | { readonly ok: true; readonly pattern: LinearPattern }
  /** A clause. */
  | { readonly ok: false; readonly why: string };

/** A regular expression that needs time proportional to the text, whatever its author and whoever sends the text. */
export interface LinearPattern {
  /** Whether it matches anywhere in the text. Texts of more than `textLimit` characters match nothing. */
  test(text: string): boolean;
}

/** Longest text that is looked at, in characters. */
export const textLimit = 2048;
/** Most states of one pattern and steps to build it; states times `textLimit` is what one test can cost. */
const stepLimit = 500;

/**
 * Compiles a regular expression without backtracking: all ways through it are gone at once, one character of the text
 * after the other. No text of users becomes a program, as `RegExp` would make one of it.
 * Source: Thompson, "Regular expression search algorithm"; threats R-5.
 */
export function compilePattern(text: string): CompiledPattern {
  const parsed = parsePattern(text);
  if (!parsed.ok) return parsed;
  const builder = new Builder();
  const start = builder.build(parsed.node, builder.match);
  if (builder.full) return { ok: false, why: 'it is too large: repetitions count as often as they repeat' };
  return { ok: true, pattern: new Machine(builder.states, start) };
}

/**
 * One place in a pattern. `take` goes on to `next` with a character of its set, `fork` to both without one, `start` and
 * `end` at the first and behind the last character.
 */
type State =
  | { readonly kind: 'take'; readonly set: CharacterSet; readonly next: number }
  | { readonly kind: 'fork'; readonly next: number; other: number }
  | { readonly kind: 'start' | 'end'; readonly next: number }
  | { readonly kind: 'match' };

/** Builds states from the end of the pattern to its beginning, so that each knows where it goes on. */
class Builder {
  readonly match = 0;
  readonly states: State[] = [{ kind: 'match' }];
  /** Steps left: one for each state, and for each copy of what is repeated, even of nothing. */
  #left = stepLimit;

  get full(): boolean {
    return this.#left <= 0;
  }

  /** @returns the state where `node` begins and after which `next` follows */
  build(node: PatternNode, next: number): number {
    this.#left -= 1;
    if (this.full) return next;
    switch (node.kind) {
      case 'set':
        return this.#add({ kind: 'take', set: node.set, next });
      case 'start':
      case 'end':
        return this.#add({ kind: node.kind, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.build(part, after), next);
      case 'either':
        return node.parts
          .map((part) => this.build(part, next))
          .reduceRight((other, first) => this.#add({ kind: 'fork', next: first, other }));
      case 'repeat':
        return this.#repeat(node, next);
    }
  }

  #repeat({ part, least, most }: PatternNode & { kind: 'repeat' }, next: number): number {
    let start = next;
    if (most === Infinity) start = this.#loop(part, next);
    else
      for (let more = least; more < most; more += 1)
        start = this.#add({ kind: 'fork', next: this.build(part, start), other: next });
    for (let copies = 0; copies < least; copies += 1) start = this.build(part, start);
    return start;
  }

  #loop(part: PatternNode, next: number): number {
    const fork: State = { kind: 'fork', next, other: next };
    const at = this.#add(fork);
    fork.other = this.build(part, at);
    return at;
  }

  #add(state: State): number {
    this.#left -= 1;
    return this.states.push(state) - 1;
  }
}

/** Walks through the states. Its fields are kept between texts, so that a test makes no garbage. */
class Machine implements LinearPattern {
  readonly #states: readonly State[];
  readonly #start: number;
  /** States that take a character now, and those that take the next one. Shape: `[states]`, the first `#count`. */
  #now: Int32Array;
  #then: Int32Array;
  #count = 0;
  /** The step in which a state was last reached. */
  readonly #reached: Float64Array;
  #step = 0;
  #matched = false;

  constructor(states: readonly State[], start: number) {
    this.#states = states;
    this.#start = start;
    this.#now = new Int32Array(states.length);
    this.#then = new Int32Array(states.length);
    this.#reached = new Float64Array(states.length);
  }

  test(text: string): boolean {
    if (text.length > textLimit) return false;
    this.#matched = false;
    this.#begin();
    for (let at = 0; ; at += 1) {
      // The match may begin at any character.
      this.#reach(this.#start, at, text.length);
      if (this.#matched || at === text.length) return this.#matched;
      this.#take(text.charCodeAt(at), at + 1, text.length);
    }
  }

  #take(code: number, at: number, length: number): void {
    const before = this.#then;
    const count = this.#count;
    this.#then = this.#now;
    this.#now = before;
    this.#begin();
    for (let index = 0; index < count; index += 1) {
      const state = this.#states[before[index] ?? 0];
      if (state?.kind === 'take' && state.set.has(code)) this.#reach(state.next, at, length);
    }
  }

  #begin(): void {
    this.#step += 1;
    this.#count = 0;
  }

  /** Follows everything that takes no character. @param at  of `length` characters, so many are taken */
  #reach(index: number, at: number, length: number): void {
    if (this.#reached[index] === this.#step) return;
    this.#reached[index] = this.#step;
    const state = this.#states[index];
    switch (state?.kind) {
      case 'take':
        this.#then[this.#count] = index;
        this.#count += 1;
        return;
      case 'fork':
        this.#reach(state.next, at, length);
        return this.#reach(state.other, at, length);
      case 'start':
        return at === 0 ? this.#reach(state.next, at, length) : undefined;
      case 'end':
        return at === length ? this.#reach(state.next, at, length) : undefined;
      case 'match':
        this.#matched = true;
        return;
      case undefined:
        return;
    }
  }
}
