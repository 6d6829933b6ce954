import type { HeaderList } from '../../exchange/headers.ts';
import { endOfToken, isFieldValue } from './characters.ts';
import { knownLine, rememberLine } from './known-lines.ts';

/** Why a head is refused. The status is what a client gets for it; from an upstream it is always `upstream-invalid`. */
export interface HeadProblem {
  readonly status: number;
  /** For the debug log: never sent to a client. */
  readonly what: string;
}

export interface HeadLimits {
  /** Of the whole head with its line ends. */
  readonly bytes: number;
  readonly fields: number;
  /** The first line stands alone: a trailer section has none. */
  readonly startLine: boolean;
  /** Empty lines that may stand before the start line. Source: RFC 9112 section 2.2. */
  readonly emptyLines: number;
}

/** Longest read that becomes text at once: nearly always a head with a small body, which is text then, too. */
const wholeBytes = 4096;
/** Of a longer one, at once: most of it is a body, which stays bytes. */
const pieceBytes = 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;
const space = 0x20;
const tab = 0x09;

/**
 * Reads a head line by line from bytes in any segmentation: a line counts when its end is there, never before, so that
 * the same bytes give the same result however they are cut.
 */
export class HeadLines {
  /** Start line without its end; empty before. */
  startLine = '';
  /** Fields as they came: a new list for each head. */
  headers: HeaderList = [];
  complete = false;
  problem: HeadProblem | undefined = undefined;
  /** Bytes of the head so far, with those of the line that is not complete. */
  size = 0;
  /** What was decoded behind the complete head: the begin of a body, or all of it. Taken once, by `takeRest`. */
  #rest = '';
  readonly #limits: HeadLimits;
  /** The line that is not complete, in pieces. */
  #partial = '';
  #startLineRead: boolean;
  #emptyLines = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#startLineRead = !limits.startLine;
  }

  /** Begins the next head. */
  reset(): void {
    this.startLine = '';
    this.headers = [];
    this.complete = false;
    this.problem = undefined;
    this.size = 0;
    this.#partial = '';
    this.#rest = '';
    this.#startLineRead = !this.#limits.startLine;
    this.#emptyLines = 0;
  }

  /** One character for each of the bytes behind the head that are text already; there may be more of them. */
  takeRest(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }

  /**
   * Takes bytes of the head.
   * @returns index of the first byte that was not taken: behind the head when it is complete, anything after a problem
   */
  feed(chunk: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && !this.complete && this.problem === undefined) {
      const end = to - at > wholeBytes ? at + pieceBytes : to;
      at = this.#feedText(chunk.toString('latin1', at, end), at, end);
    }
    return at;
  }

  /** Shape of `piece`: one character for each byte in [at, end). Returns the index of the first byte not taken. */
  #feedText(piece: string, at: number, end: number): number {
    // Only a line feed makes anything happen: text that waits for it is not looked at twice.
    const held = this.#partial.length;
    const text = held === 0 ? piece : this.#partial + piece;
    let from = 0;
    let feed = piece.indexOf('\n');
    if (feed !== -1) feed += held;
    while (feed !== -1) {
      this.size += feed + 1 - Math.max(from, held);
      if (this.size > this.#limits.bytes) return this.#refuseLarge(at);
      this.#line(text, from, feed);
      from = feed + 1;
      if (this.complete || this.problem !== undefined) {
        this.#partial = '';
        if (from < text.length) this.#rest = text.slice(from);
        return at + from - held;
      }
      feed = text.indexOf('\n', from);
    }
    this.#partial = from === 0 ? text : text.slice(from);
    this.size += text.length - Math.max(from, held);
    // A line is refused for its length before its end is seen, as it would be after.
    if (this.size >= this.#limits.bytes) return this.#refuseLarge(at);
    return end;
  }

  /** One line of `text`: [from, feed) and the line feed. */
  #line(text: string, from: number, feed: number): void {
    const end = feed - 1;
    if (end < from || text.charCodeAt(end) !== carriageReturn) return this.#refuse(400, 'line without CR LF');
    if (this.#startLineRead) this.#field(text, from, end);
    else if (end === from) this.#emptyLine();
    else {
      this.startLine = text.slice(from, end);
      this.#startLineRead = true;
    }
  }

  #emptyLine(): void {
    this.#emptyLines += 1;
    if (this.#emptyLines > this.#limits.emptyLines) this.#refuse(400, 'empty line before the start line');
  }

  #field(text: string, from: number, end: number): void {
    if (end === from) {
      this.complete = true;
      return;
    }
    const known = knownLine(text, from, end);
    if (known !== undefined) return this.#push(known.name, known.value);
    const nameEnd = endOfToken(text, from, end);
    if (nameEnd === from || text.charCodeAt(nameEnd) !== colon || nameEnd === end) {
      return this.#refuse(400, 'field without a name that is a token and a colon');
    }
    let start = nameEnd + 1;
    while (start < end && isBlank(text.charCodeAt(start))) start += 1;
    let valueEnd = end;
    while (valueEnd > start && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd -= 1;
    const value = text.slice(start, valueEnd);
    if (!isFieldValue(value)) return this.#refuse(400, 'control character in a field');
    const name = text.slice(from, nameEnd);
    rememberLine(text, from, end, name, value);
    return this.#push(name, value);
  }

  #push(name: string, value: string): void {
    if (this.headers.length >= 2 * this.#limits.fields) return this.#refuse(431, 'too many fields');
    this.headers.push(name, value);
  }

  #refuse(status: number, what: string): void {
    this.problem = { status, what };
  }

  #refuseLarge(at: number): number {
    this.#refuse(431, 'head too large');
    return at;
  }
}

function isBlank(code: number): boolean {
  return code === space || code === tab;
}

/** Whether bytes can be the begin of a start line at all: a TLS handshake, for example, is not. */
export function mayBeginHead(first: number): boolean {
  return first === carriageReturn || first === lineFeed || (first > space && first < 0x7f);
}
