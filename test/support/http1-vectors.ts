/** One input of threats section 10, with what we answer. */
export interface Vector {
  readonly name: string;
  /** Latin1: one character for each byte. */
  readonly input: string;
  /** Status of the refusal, or `forwarded` with the number of requests that reach an upstream. */
  readonly expected: number | { readonly forwarded: number };
}

const body = 'hello';
const start = 'POST / HTTP/1.1\r\n';

function post(...fields: string[]): string {
  return `${start}Host: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
}

function chunkedPost(text: string): string {
  return post('Transfer-Encoding: chunked') + text;
}

/** All 39, stricter than node:http. Base request: `POST / HTTP/1.1`, `Host: a`. */
export const vectors: readonly Vector[] = [
  {
    name: 'request line without version, bare LF, Content-Length (llhttp 877)',
    input: `POST /\nHost: a\r\nContent-Length: 5\r\n\r\n${body}`,
    expected: 400,
  },
  { name: 'request line with bare LF', input: 'POST / HTTP/1.1\nHost: a\r\n\r\n', expected: 400 },
  { name: 'HTTP/1.2', input: 'POST / HTTP/1.2\r\nHost: a\r\n\r\n', expected: 400 },
  { name: 'HTTP/2.0', input: 'POST / HTTP/2.0\r\nHost: a\r\n\r\n', expected: 400 },
  { name: 'raw UTF-8 in the path', input: 'POST /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n', expected: 400 },
  { name: '#b in the path', input: 'POST /a#b HTTP/1.1\r\nHost: a\r\n\r\n', expected: 400 },
  { name: 'backslashes in the path', input: 'POST /\\..\\ HTTP/1.1\r\nHost: a\r\n\r\n', expected: 400 },
  {
    name: 'absolute-form with another authority',
    input: 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n',
    expected: 400,
  },
  { name: 'two Host', input: `${start}Host: a\r\nHost: b\r\n\r\n`, expected: 400 },
  { name: 'no Host', input: `${start}\r\n`, expected: 400 },
  { name: 'Host a@b', input: `${start}Host: a@b\r\n\r\n`, expected: 400 },
  { name: 'Host with a space', input: `${start}Host: a b\r\n\r\n`, expected: 400 },
  {
    name: 'Content-Length and Transfer-Encoding',
    input: `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    expected: 400,
  },
  { name: 'Content-Length twice, equal', input: post('Content-Length: 5', 'Content-Length: 5') + body, expected: 400 },
  {
    name: 'Content-Length twice, different',
    input: post('Content-Length: 5', 'Content-Length: 6') + body,
    expected: 400,
  },
  { name: 'Content-Length 1, 1', input: `${post('Content-Length: 1, 1')}h`, expected: 400 },
  { name: 'Content-Length +1', input: `${post('Content-Length: +1')}h`, expected: 400 },
  { name: 'Content-Length 0x1', input: `${post('Content-Length: 0x1')}h`, expected: 400 },
  { name: 'space before the colon', input: post('Content-Length : 5') + body, expected: 400 },
  {
    name: 'leading space before the first header',
    input: `${start} Host: a\r\nContent-Length: 5\r\n\r\n${body}`,
    expected: 400,
  },
  { name: 'Content_Length', input: post('Content_Length: 5') + body, expected: 400 },
  { name: 'Transfer-Encoding xchunked', input: `${post('Transfer-Encoding: xchunked')}0\r\n\r\n`, expected: 400 },
  {
    name: 'Transfer-Encoding gzip, chunked',
    input: `${post('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
    expected: 400,
  },
  {
    name: 'Transfer-Encoding chunked, identity',
    input: `${post('Transfer-Encoding: chunked, identity')}0\r\n\r\n`,
    expected: 400,
  },
  {
    name: 'Transfer-Encoding chunked, chunked',
    input: `${post('Transfer-Encoding: chunked, chunked')}0\r\n\r\n`,
    expected: 400,
  },
  {
    name: 'vertical tab before chunked',
    input: `${post('Transfer-Encoding: \x0bchunked')}0\r\n\r\n`,
    expected: 400,
  },
  { name: 'obs-fold', input: `${post('Transfer-Encoding:\r\n chunked')}0\r\n\r\n`, expected: 400 },
  {
    name: 'HTTP/1.0 with Transfer-Encoding',
    input: 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    expected: 400,
  },
  { name: 'LF in a chunk extension', input: chunkedPost('5;a\nb\r\nhello\r\n0\r\n\r\n'), expected: 400 },
  { name: 'CR LF in a quoted extension', input: chunkedPost('5;a="\r\n"\r\nhello\r\n0\r\n\r\n'), expected: 400 },
  { name: 'chunk size 0x1', input: chunkedPost('0x1\r\nh\r\n0\r\n\r\n'), expected: 400 },
  { name: 'chunk size with a space behind it', input: chunkedPost('5 \r\nhello\r\n0\r\n\r\n'), expected: 400 },
  { name: 'chunk size of 17 digits', input: chunkedPost('00000000000000005\r\nhello\r\n0\r\n\r\n'), expected: 400 },
  { name: 'chunk data without CR LF', input: chunkedPost('5\r\nhello0\r\n\r\n'), expected: 400 },
  { name: 'bare CR in a value', input: post('X: a\rb'), expected: 400 },
  { name: 'NUL in a value', input: post('X: a\0b'), expected: 400 },
  {
    name: '2,500 headers before Content-Length',
    input: post(...Array.from({ length: 2500 }, () => 'X: 1'), 'Content-Length: 5') + body,
    expected: 431,
  },
  {
    name: 'LF alone behind the headers',
    input: `${start}Host: a\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`,
    expected: 400,
  },
  {
    name: 'Upgrade with a body and a second request behind it',
    input: `${post('Connection: Upgrade', 'Upgrade: foo', 'Content-Length: 36')}GET /evil HTTP/1.1\r\nHost: a\r\n\r\n    `,
    expected: 400,
  },
];

/** What must pass, so that strictness is not deafness. */
export const goodVectors: readonly Vector[] = [
  { name: 'two pipelined', input: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2), expected: { forwarded: 2 } },
  {
    name: 'body with a length, then another',
    input: `${post('Content-Length: 5')}${body}${post()}`,
    expected: { forwarded: 2 },
  },
  {
    name: 'chunked with extension and trailer, then another',
    input: `${chunkedPost('5;a=b;c="d e"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n')}${post()}`,
    expected: { forwarded: 2 },
  },
  { name: 'absolute-form', input: 'GET http://a:80/x HTTP/1.1\r\nHost: A\r\n\r\n', expected: { forwarded: 1 } },
  { name: 'HTTP/1.0 without Host', input: 'GET / HTTP/1.0\r\n\r\n', expected: { forwarded: 1 } },
  { name: 'one empty line first', input: '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', expected: { forwarded: 1 } },
  {
    name: 'h2c is not asked for',
    input: `${post('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'Content-Length: 5')}${body}`,
    expected: { forwarded: 1 },
  },
  {
    name: 'names that objects have',
    input: post('__proto__: 1', 'constructor: 2', 'toString: 3', 'hasOwnProperty: 4'),
    expected: { forwarded: 1 },
  },
  { name: 'blanks around a value', input: post('Content-Length: \t 5 \t ') + body, expected: { forwarded: 1 } },
  { name: 'obs-text in a value', input: post('X: \xe4\xff'), expected: { forwarded: 1 } },
];
