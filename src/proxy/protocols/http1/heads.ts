import { STATUS_CODES } from 'node:http';

import { endOfTarget, isFieldValue, isToken } from './characters.ts';
import { writtenName } from './written-names.ts';

/**
 * How a message that we write says its length. `as-listed`: an answer to HEAD or a 304, whose Content-Length speaks of
 * another message; `empty`: no body and no word of its length but `Content-Length: 0` where it is listed.
 */
export type WrittenFraming =
  | { readonly kind: 'as-listed' | 'empty' | 'forbidden' | 'chunked' | 'close' }
  | { readonly kind: 'length'; readonly length: number };

export const asListed: WrittenFraming = { kind: 'as-listed' };
export const empty: WrittenFraming = { kind: 'empty' };
/** 1xx and 204: no length may be said. Source: RFC 9110 section 8.6. */
export const forbidden: WrittenFraming = { kind: 'forbidden' };
export const chunked: WrittenFraming = { kind: 'chunked' };
export const close: WrittenFraming = { kind: 'close' };

/** What an answer says of its connection; undefined when its fields say it themselves, for 101. */
export type ConnectionWord = 'keep-alive' | 'close' | undefined;

/**
 * The head of a request as an upstream gets it. Every byte is checked here, wherever it came from (threats R-28).
 * @returns undefined when something may not stand in a head
 */
export function requestHead(
  method: string,
  target: string,
  headers: readonly string[],
  framing: WrittenFraming,
): string | undefined {
  if (!isToken(method) || target === '' || endOfTarget(target, 0, target.length) !== target.length) return undefined;
  const fields = fieldsText(headers, framing, undefined);
  return fields === undefined ? undefined : `${method} ${target} HTTP/1.1\r\n${fields}\r\n`;
}

/**
 * The head of an answer as a client gets it; ours are always HTTP/1.1. What concerns the connection stands behind Date,
 * Content-Type and Content-Length, where nginx writes it.
 * @param reason  of the upstream; empty for the usual one
 * @returns undefined when something may not stand in a head
 */
export function responseHead(
  status: number,
  reason: string,
  headers: readonly string[],
  framing: WrittenFraming,
  connection: ConnectionWord,
): string | undefined {
  const line = reason === '' ? usualLine(status) : otherLine(status, reason);
  if (line === undefined) return undefined;
  const fields = fieldsText(headers, framing, connection === undefined ? '' : connectionText[connection]);
  return fields === undefined ? undefined : `${line}${fields}\r\n`;
}

const connectionText = { 'keep-alive': 'Connection: keep-alive\r\n', close: 'Connection: close\r\n' };

/** Filled from statuses alone: at most 900. */
const usualLines = new Map<number, string>();

function usualLine(status: number): string | undefined {
  const known = usualLines.get(status);
  if (known !== undefined) return known;
  if (!Number.isInteger(status) || status < 100 || status > 999) return undefined;
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  usualLines.set(status, line);
  return line;
}

function otherLine(status: number, reason: string): string | undefined {
  if (STATUS_CODES[status] === reason) return usualLine(status);
  return isFieldValue(reason) && usualLine(status) !== undefined ? `HTTP/1.1 ${status} ${reason}\r\n` : undefined;
}

/**
 * All fields, one line each. Content-Length and Transfer-Encoding are never taken over: they are written from `framing`,
 * so that what we write is what we send (threats R-21). A length stands where it is listed, or last.
 * @param own  our own line, which stands behind the first fields of an answer; undefined for a request
 */
function fieldsText(headers: readonly string[], framing: WrittenFraming, own: string | undefined): string | undefined {
  const coded = framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
  let text = '';
  let lengthWritten = framing.kind !== 'length';
  let ownWritten = own === undefined;
  for (let at = 0; at < headers.length; at += 2) {
    const name = writtenName(headers[at] ?? '');
    const line = name?.line(headers[at + 1] ?? '');
    if (name === undefined || line === undefined) return undefined;
    if (name.kind === 'length') {
      if (framing.kind !== 'length') text += listedLength(name.start, line, framing);
      else if (!lengthWritten) text += name.line(`${framing.length}`) ?? '';
      lengthWritten = true;
      continue;
    }
    if (!ownWritten && name.kind !== 'entity') {
      text += coded + own;
      ownWritten = true;
    }
    if (name.kind !== 'coding') text += line;
  }
  if (!lengthWritten && framing.kind === 'length') text += `Content-Length: ${framing.length}\r\n`;
  if (own === undefined) return text + coded;
  return ownWritten ? text : text + coded + own;
}

/** What becomes of a listed Content-Length when the body has none. */
function listedLength(start: string, line: string, framing: WrittenFraming): string {
  if (framing.kind === 'as-listed') return line;
  return framing.kind === 'empty' ? `${start}0\r\n` : '';
}
