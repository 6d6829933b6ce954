import { hostNameOf } from '../../routing/host-name.ts';
import { originForm } from '../../routing/request-target.ts';
import { endOfTarget, endOfToken } from './characters.ts';
import type { ConnectionFields } from './framing.ts';
import { connectionFieldsOf } from './framing.ts';
import type { HeadLimits, HeadProblem } from './head-lines.ts';
import { HeadLines, mayBeginHead } from './head-lines.ts';

/** One request head that follows RFC 9112 to the letter, as `RequestHead` will say it. */
export interface ParsedRequest {
  readonly method: string;
  /** As sent. */
  readonly target: string;
  readonly httpVersion: '1.0' | '1.1';
  readonly headers: string[];
  /** Host field byte for byte; empty only for HTTP/1.0. */
  readonly host: string;
  /** `length` may be 0. */
  readonly body: 'none' | 'length' | 'chunked';
  /** Of a body with a length. */
  readonly bodyLength: number;
  /** The client lets the connection stay open. */
  readonly keepAlive: boolean;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** The client asks for a WebSocket; other protocols are not asked for on its behalf. */
  readonly upgrade: boolean;
  /** Bytes of the head on the wire. */
  readonly headBytes: number;
}

/** Source: ingress-nginx `large-client-header-buffers` 4 8k; threats. */
const requestLimits: HeadLimits = { bytes: 32 * 1024, fields: 100, startLine: true, emptyLines: 1 };

const longestMethod = 32;
const space = 0x20;

/**
 * Reads the heads of requests from bytes in any segmentation. Strict: whatever two readers could understand differently
 * is refused, nothing is repaired (threats R-20).
 */
export class RequestParser {
  request: ParsedRequest | undefined = undefined;
  problem: HeadProblem | undefined = undefined;
  readonly #lines: HeadLines = new HeadLines(requestLimits);

  /** Bytes of a head have come. */
  get begun(): boolean {
    return this.#lines.size > 0;
  }

  /** Bytes of the head so far. */
  get size(): number {
    return this.#lines.size;
  }

  /** Begins the next request. */
  reset(): void {
    this.request = undefined;
    this.problem = undefined;
    this.#lines.reset();
  }

  /** @returns index of the first byte behind the head, or `to` when more is needed; `request` or `problem` says which */
  feed(chunk: Buffer, from: number, to: number): number {
    const lines = this.#lines;
    if (lines.size === 0 && from < to && !mayBeginHead(chunk[from] ?? 0)) {
      this.problem = { status: 400, what: 'not HTTP' };
      return from;
    }
    const at = lines.feed(chunk, from, to);
    if (lines.problem !== undefined) this.problem = lines.problem;
    else if (lines.complete) this.#finish(lines);
    return at;
  }

  #finish(lines: HeadLines): void {
    const parsed = parseRequest(lines.startLine, lines.headers, lines.size);
    if ('what' in parsed) this.problem = parsed;
    else this.request = parsed;
  }
}

function parseRequest(line: string, headers: string[], headBytes: number): ParsedRequest | HeadProblem {
  const methodEnd = endOfToken(line, 0, line.length);
  if (methodEnd === 0 || methodEnd > longestMethod || line.charCodeAt(methodEnd) !== space) return badStartLine;
  const targetEnd = endOfTarget(line, methodEnd + 1, line.length);
  const version = line.slice(targetEnd);
  const httpVersion = version === ' HTTP/1.1' ? '1.1' : version === ' HTTP/1.0' ? '1.0' : undefined;
  if (httpVersion === undefined) return badStartLine;
  const method = line.slice(0, methodEnd);
  // Source: threats R-26.
  if (method === 'CONNECT') return { status: 405, what: 'CONNECT' };
  const target = line.slice(methodEnd + 1, targetEnd);
  const fields = connectionFieldsOf(headers);
  const host = fields.hostAt === -1 ? '' : (headers[fields.hostAt] ?? '');
  const problem =
    targetProblem(method, target, host) ?? hostProblem(fields, host, httpVersion) ?? bodyProblem(fields, httpVersion);
  if (problem !== undefined) return problem;
  const body = fields.coding === 'chunked' ? 'chunked' : fields.length > 0 ? 'length' : 'none';
  const upgrade = asksForUpgrade(fields, httpVersion);
  if (upgrade !== 'none' && body !== 'none') return { status: 400, what: 'upgrade with a body' };
  return {
    method,
    target,
    httpVersion,
    headers,
    host,
    body,
    bodyLength: body === 'length' ? fields.length : 0,
    keepAlive: httpVersion === '1.1' ? !fields.close : fields.keepAlive && !fields.close,
    // Others may be ignored, and are. Source: RFC 9110 section 10.1.1.
    expectsContinue: httpVersion === '1.1' && body !== 'none' && isContinue(fields.expect),
    upgrade: upgrade === 'websocket' && method === 'GET',
    headBytes,
  };
}

const badStartLine: HeadProblem = { status: 400, what: 'not a request line' };

/** Origin-form, `*` of OPTIONS, or absolute-form that says the same as Host. */
function targetProblem(method: string, target: string, host: string): HeadProblem | undefined {
  if (target.startsWith('/')) {
    const backslash = target.indexOf('\\');
    if (backslash === -1) return undefined;
    // Browsers send it in a query; in a path it is a slash for some.
    const query = target.indexOf('?');
    return query !== -1 && query < backslash ? undefined : { status: 400, what: 'backslash in the path' };
  }
  if (target === '*') return method === 'OPTIONS' ? undefined : { status: 400, what: 'target *' };
  return originForm(target, host) === undefined ? { status: 400, what: 'target' } : undefined;
}

function hostProblem(fields: ConnectionFields, host: string, httpVersion: string): HeadProblem | undefined {
  if (fields.hosts > 1) return { status: 400, what: 'two Host' };
  if (fields.hosts === 0) return httpVersion === '1.1' ? { status: 400, what: 'no Host' } : undefined;
  return hostNameOf(host) === undefined ? { status: 400, what: 'Host' } : undefined;
}

function bodyProblem(fields: ConnectionFields, httpVersion: string): HeadProblem | undefined {
  if (fields.problem !== '') return { status: 400, what: fields.problem };
  if (fields.coding === 'none') return undefined;
  if (httpVersion !== '1.1') return { status: 400, what: 'Transfer-Encoding in HTTP/1.0' };
  return fields.coding === 'other' ? { status: 400, what: 'transfer coding' } : undefined;
}

/** HTTP/2 by upgrade is not asked for and hurts nobody: it is as if the client had not asked (threats R-23). */
function asksForUpgrade(fields: ConnectionFields, httpVersion: string): 'none' | 'websocket' | 'other' {
  if (!fields.upgradeAsked || fields.upgrade === '' || httpVersion !== '1.1') return 'none';
  const token = fields.upgrade.toLowerCase();
  if (token === 'websocket') return 'websocket';
  return token === 'h2c' ? 'none' : 'other';
}

function isContinue(expect: string): boolean {
  return expect.length === 12 && expect.toLowerCase() === '100-continue';
}
