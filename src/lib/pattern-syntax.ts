import { CharacterSet } from './character-set.ts';

/** A pattern as a tree. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  /** Only at the first, or behind the last character. */
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'either'; readonly parts: readonly PatternNode[] }
  /** `most` may be infinite. */
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly least: number; readonly most: number };

export type ParsedPattern =
  | { readonly ok: true; readonly node: PatternNode }
  /** A clause. */
  | { readonly ok: false; readonly why: string };

/** Longest pattern, in characters. Source: threats R-5. */
const patternLimit = 512;

/**
 * Reads what PCRE and linear time have in common: characters, `.`, classes, `\d \w \s` and their opposites, groups,
 * alternatives, `* + ? {n} {n,} {n,m}` also with `?` behind them, `^`, `$`, and `(?i)` in front of everything. What only
 * backtracking can do, or what means something else elsewhere, is refused.
 * Source: PCRE2, pcre2pattern; RE2, syntax.
 */
export function parsePattern(text: string): ParsedPattern {
  if (text.length > patternLimit) return { ok: false, why: `it is longer than ${patternLimit} characters` };
  if (/[^\x20-\x7e]/.test(text)) return { ok: false, why: 'it has characters that are not printable ASCII' };
  return new PatternParser(text).parse();
}

const nothing: PatternNode = { kind: 'sequence', parts: [] };
/** More repetitions than this are refused: each is a copy of what is repeated. */
const mostCopies = 100;

/** Recursive descent; the first problem ends it. */
class PatternParser {
  readonly #text: string;
  readonly #anyCase: boolean;
  #at = 0;
  #problem = '';

  constructor(text: string) {
    this.#text = text;
    this.#anyCase = text.startsWith('(?i)');
    if (this.#anyCase) this.#at = 4;
  }

  parse(): ParsedPattern {
    const node = this.#alternatives();
    if (this.#problem === '' && this.#at < this.#text.length) this.#fail('a ) has no ( before it');
    return this.#problem === '' ? { ok: true, node } : { ok: false, why: this.#problem };
  }

  #alternatives(): PatternNode {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    const [first = nothing] = parts;
    return parts.length === 1 ? first : { kind: 'either', parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#text.length && !this.#isNext('|') && !this.#isNext(')')) parts.push(this.#repeated());
    return { kind: 'sequence', parts };
  }

  #repeated(): PatternNode {
    const part = this.#atom();
    const count = this.#quantifier();
    if (count === undefined) return part;
    const [least, most] = count;
    if (part.kind === 'start' || part.kind === 'end') return this.#fail('^ and $ cannot be repeated');
    if (least > most) return this.#fail(`{${least},${most}} ends before it begins`);
    if (Math.max(least, Number.isFinite(most) ? most : 0) > mostCopies)
      return this.#fail(`it repeats something more than ${mostCopies} times`);
    // Which of several matches is taken makes no difference here; possessive quantifiers change what matches.
    if (!this.#take('?') && this.#isNext('+')) return this.#fail('possessive quantifiers are not there');
    if (this.#quantifier() !== undefined) return this.#fail('two quantifiers stand behind each other');
    return { kind: 'repeat', part, least, most };
  }

  /** @returns least and most; undefined when there is none */
  #quantifier(): readonly [number, number] | undefined {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    const [all, least = '', comma, most = ''] = /^\{(\d{1,5})(,)?(\d{0,5})\}/.exec(this.#text.slice(this.#at)) ?? [];
    // Any other brace is a character, as in PCRE.
    if (all === undefined || (comma === undefined && most !== '')) return undefined;
    this.#at += all.length;
    return [Number(least), comma === undefined ? Number(least) : most === '' ? Infinity : Number(most)];
  }

  #atom(): PatternNode {
    const character = this.#text.charAt(this.#at);
    this.#at += 1;
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '\\':
        return this.#setOf(this.#escape());
      case '.':
        return { kind: 'set', set: CharacterSet.any() };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '*':
      case '+':
      case '?':
        return this.#fail(`nothing stands before a ${character}`);
      default:
        return this.#setOf(only(character));
    }
  }

  #group(): PatternNode {
    if (this.#take('?') && !this.#take(':')) {
      return this.#fail('of groups that begin with (? only (?: is there: others look around or need backtracking');
    }
    if (this.#isNext('*')) return this.#fail('verbs of PCRE are not there');
    const node = this.#alternatives();
    return this.#take(')') ? node : this.#fail('a ( has no ) behind it');
  }

  #class(): PatternNode {
    const inverted = this.#take('^');
    const set = new CharacterSet();
    // A ] in the first place is a character.
    for (let first = true; first || !this.#isNext(']'); first = false) {
      if (this.#at >= this.#text.length) return this.#fail('a [ has no ] behind it');
      this.#member(set);
    }
    this.#at += 1;
    if (this.#anyCase) set.foldCase();
    return { kind: 'set', set: inverted ? set.invert() : set };
  }

  /** One character, range or escape of a class. */
  #member(set: CharacterSet): void {
    if (/^\[[:.=]/.test(this.#text.slice(this.#at, this.#at + 2))) {
      this.#fail('classes with names are not there');
      return;
    }
    const first = this.#classCharacter();
    const isRange = this.#isNext('-') && this.#text.charAt(this.#at + 1) !== ']' && this.#at + 1 < this.#text.length;
    if (!isRange) return void set.addSet(first.set);
    this.#at += 1;
    const last = this.#classCharacter();
    if (first.code < 0 || last.code < 0 || first.code > last.code) {
      this.#fail('a range of a class is not one');
      return;
    }
    set.addRange(first.code, last.code);
  }

  /** `code` is negative for what is more than one character. */
  #classCharacter(): { readonly set: CharacterSet; readonly code: number } {
    const character = this.#text.charAt(this.#at);
    this.#at += 1;
    if (character !== '\\') return { set: only(character), code: character.charCodeAt(0) };
    const escaped = this.#text.charAt(this.#at);
    const set = this.#escape();
    return { set, code: /[A-Za-z]/.test(escaped) ? (escaped === 't' ? 9 : -1) : escaped.charCodeAt(0) };
  }

  /** Behind a backslash. */
  #escape(): CharacterSet {
    const character = this.#text.charAt(this.#at);
    this.#at += 1;
    if (character === '') this.#fail('it ends with a backslash');
    if (character === 't') return new CharacterSet().addRange(9, 9);
    const named = namedSet(character.toLowerCase());
    if (named !== undefined) return character >= 'a' ? named : named.invert();
    if (/[A-Za-z0-9]/.test(character)) this.#fail(`\\${character} is not there`);
    return only(character);
  }

  #setOf(set: CharacterSet): PatternNode {
    return { kind: 'set', set: this.#anyCase ? set.foldCase() : set };
  }

  #isNext(character: string): boolean {
    return this.#text.charAt(this.#at) === character;
  }

  #take(character: string): boolean {
    const next = this.#isNext(character);
    if (next) this.#at += 1;
    return next;
  }

  /** Goes to the end, so that all callers return. */
  #fail(why: string): PatternNode {
    if (this.#problem === '') this.#problem = why;
    this.#at = this.#text.length;
    return nothing;
  }
}

function only(character: string): CharacterSet {
  const code = character.charCodeAt(0);
  return character === '' ? new CharacterSet() : new CharacterSet().addRange(code, code);
}

/** ASCII, as PCRE without its Unicode mode. */
function namedSet(name: string): CharacterSet | undefined {
  const set = new CharacterSet();
  switch (name) {
    case 'd':
      return set.addRange(0x30, 0x39);
    case 'w':
      return set.addRange(0x30, 0x39).addRange(0x41, 0x5a).addRange(0x61, 0x7a).addRange(0x5f, 0x5f);
    case 's':
      return set.addRange(9, 13).addRange(0x20, 0x20);
    default:
      return undefined;
  }
}
