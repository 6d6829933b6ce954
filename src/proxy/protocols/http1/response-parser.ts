import { isFieldValue } from './characters.ts';
import { connectionFieldsOf } from './framing.ts';
import type { HeadLimits } from './head-lines.ts';
import { HeadLines } from './head-lines.ts';

/** One response head of an upstream. */
export interface ParsedResponse {
  readonly status: number;
  /** May be empty. */
  readonly reason: string;
  readonly headers: string[];
  /** `close`: the body ends with the connection. */
  readonly body: 'none' | 'length' | 'chunked' | 'close';
  readonly bodyLength: number;
  /** The upstream lets the connection stay open. */
  readonly keepAlive: boolean;
  /** From `Keep-Alive: timeout`, in milliseconds; -1 without. */
  readonly keepAliveHintMs: number;
  /** Value of Upgrade in lower case when the answer is 101 and `Connection` names it. */
  readonly upgrade: string;
}

/** nginx: `proxy_buffer_size`; faults F-47. */
const responseLimits: HeadLimits = { bytes: 32 * 1024, fields: 256, startLine: true, emptyLines: 0 };

/** Reads the heads of responses from bytes in any segmentation, as strictly as those of requests. */
export class ResponseParser {
  response: ParsedResponse | undefined = undefined;
  /** What makes it not HTTP/1.1; empty while there is nothing wrong. */
  problem = '';
  readonly #lines: HeadLines = new HeadLines(responseLimits);

  /** Bytes of a head have come. */
  get begun(): boolean {
    return this.#lines.size > 0;
  }

  /** See `HeadLines.takeRest`. */
  takeRest(): string {
    return this.#lines.takeRest();
  }

  reset(): void {
    this.response = undefined;
    this.problem = '';
    this.#lines.reset();
  }

  /**
   * @param method  of the request that this answers: HEAD has no body
   * @returns index of the first byte behind the head, or `to` when more is needed
   */
  feed(chunk: Buffer, from: number, to: number, method: string): number {
    const lines = this.#lines;
    // What cannot begin `HTTP/1.` is not worth waiting for.
    if (lines.size === 0 && from < to && chunk[from] !== 0x48) {
      this.problem = 'not HTTP';
      return from;
    }
    const at = lines.feed(chunk, from, to);
    if (lines.problem !== undefined) this.problem = lines.problem.what;
    else if (lines.complete) {
      const parsed = parseResponse(lines.startLine, lines.headers, method);
      if (typeof parsed === 'string') this.problem = parsed;
      else this.response = parsed;
    }
    return at;
  }
}

/** Returns the problem when there is one. */
function parseResponse(line: string, headers: string[], method: string): ParsedResponse | string {
  const status = statusOf(line);
  if (status === undefined) return 'not a status line';
  const reason = line.slice(13);
  if (!isFieldValue(reason)) return 'control character in the reason';
  const newer = line.charCodeAt(7) === 0x31;
  const fields = connectionFieldsOf(headers);
  if (fields.problem !== '') return fields.problem;
  if (fields.coding === 'other' || (fields.coding === 'chunked' && !newer)) return 'transfer coding';
  return {
    status,
    reason,
    headers,
    ...bodyOf(status, method, fields.coding === 'chunked', fields.length),
    keepAlive: newer ? !fields.close : fields.keepAlive && !fields.close,
    keepAliveHintMs: fields.keepAliveHint === '' ? -1 : hintOf(fields.keepAliveHint),
    upgrade: status === 101 && fields.upgradeAsked ? fields.upgrade.toLowerCase() : '',
  };
}

/** `HTTP/1.x SP 3DIGIT [SP reason]`. Many servers leave the space out when there is no reason. */
function statusOf(line: string): number | undefined {
  if (!line.startsWith('HTTP/1.1 ') && !line.startsWith('HTTP/1.0 ')) return undefined;
  if (line.length > 12 && line.charCodeAt(12) !== 0x20) return undefined;
  const hundreds = line.charCodeAt(9) - 0x30;
  const tens = line.charCodeAt(10) - 0x30;
  const ones = line.charCodeAt(11) - 0x30;
  // Written so that NaN of a short line is refused as well.
  if (!(hundreds >= 1 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9)) return undefined;
  return hundreds * 100 + tens * 10 + ones;
}

type Body = Pick<ParsedResponse, 'body' | 'bodyLength'>;
const noBody: Body = { body: 'none', bodyLength: 0 };

/** Source: RFC 9112 section 6.3. */
function bodyOf(status: number, method: string, chunked: boolean, length: number): Body {
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return noBody;
  if (chunked) return { body: 'chunked', bodyLength: 0 };
  if (length === 0) return noBody;
  return length > 0 ? { body: 'length', bodyLength: length } : { body: 'close', bodyLength: 0 };
}

/** Source: RFC 2068 section 19.7.1.1. */
function hintOf(value: string): number {
  const digits = /(?:^|[ ,;])timeout=([0-9]{1,6})(?:$|[ ,;])/i.exec(value)?.[1];
  return digits === undefined ? -1 : Number(digits) * 1000;
}
