import type { LogDestination } from '../lib/log-destination.ts';

/** What the access log knows of one exchange. Texts are as they came from the wire: any byte may be in them. */
export interface AccessLogEntry {
  /** Unix time in milliseconds at which the exchange ended. */
  readonly timeMs: number;
  readonly clientAddress: string;
  /** From basic authentication; empty without. */
  readonly user: string;
  readonly method: string;
  /** Request target as sent. */
  readonly target: string;
  readonly httpVersion: string;
  readonly host: string;
  readonly scheme: string;
  readonly status: number;
  /** Name of the failure; empty when there was none. */
  readonly failure: string;
  readonly bytesSent: number;
  readonly bodyBytesSent: number;
  readonly requestBytes: number;
  readonly durationMs: number;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
  readonly requestId: string;
  /** All empty when no route took the request; the Service alone when it went to `--default-backend-service`. */
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  readonly servicePort: string;
  readonly routePath: string;
  /** Name of the canary that took the request; empty without. */
  readonly canary: string;
  readonly tries: readonly AccessLogTry[];
  /** Of the last try; -1 when it did not come so far. */
  readonly connectMs: number;
  readonly headerMs: number;
}

/** One try, in order. */
export interface AccessLogTry {
  readonly endpoint: string;
  /** 0 when the client left before there was one. */
  readonly status: number;
  readonly bytes: number;
  readonly durationMs: number;
}

/** One field of the JSON form. An empty text or `undefined` leaves the field out. */
export interface AccessLogField {
  readonly doc: string;
  readonly value: (entry: AccessLogEntry) => string | number | undefined;
}

/** Writes one line for each exchange. Never throws. */
export interface AccessLog {
  write(entry: AccessLogEntry): void;
}

/** Longest text of one field, in characters; hostile clients send more (threats R-10). */
const fieldLimit = 2048;

/** Every field of the JSON form, in the order of the line. Names are those of nginx' variables where it has the same. */
export const accessLogFields: Readonly<Record<string, AccessLogField>> = {
  time: { doc: 'When the exchange ended, ISO 8601.', value: (entry) => isoTime(entry.timeMs) },
  remote_addr: { doc: 'The client, as a trusted proxy or the connection says.', value: (entry) => entry.clientAddress },
  remote_user: { doc: 'User of basic authentication.', value: (entry) => entry.user },
  method: { doc: 'Request method.', value: (entry) => entry.method },
  scheme: { doc: 'http or https, as the client sees it.', value: (entry) => entry.scheme },
  host: { doc: 'Host field of the request.', value: (entry) => entry.host },
  request_uri: { doc: 'Request target as sent.', value: (entry) => entry.target },
  protocol: { doc: 'HTTP version of the request.', value: (entry) => `HTTP/${entry.httpVersion}` },
  status: { doc: 'Status of the answer; 499 when the client went away before it.', value: (entry) => entry.status },
  failure: { doc: 'Why the exchange ended badly; see docs/errors.md.', value: (entry) => entry.failure },
  request_length: { doc: 'Bytes of the request, head included.', value: (entry) => entry.requestBytes },
  bytes_sent: { doc: 'Bytes of the answer, head included.', value: (entry) => entry.bytesSent },
  body_bytes_sent: { doc: "Bytes of the answer's body.", value: (entry) => entry.bodyBytesSent },
  request_time: {
    doc: 'Seconds from the head of the request to the end.',
    value: (entry) => secondsNumber(entry.durationMs),
  },
  http_referer: { doc: 'Referer field of the request.', value: (entry) => entry.referer },
  http_user_agent: { doc: 'User-Agent field of the request.', value: (entry) => entry.userAgent },
  req_id: { doc: 'X-Request-ID, from the client or made here.', value: (entry) => entry.requestId },
  namespace: { doc: 'Namespace of the Ingress.', value: (entry) => entry.namespace },
  ingress_name: { doc: 'Name of the Ingress.', value: (entry) => entry.ingress },
  service_name: { doc: 'Name of the Service.', value: (entry) => entry.service },
  service_port: { doc: 'Port of the Service, as the Ingress writes it.', value: (entry) => entry.servicePort },
  location_path: { doc: 'Path of the rule that took the request.', value: (entry) => entry.routePath },
  proxy_alternative_upstream_name: {
    doc: 'Canary that took the request, as namespace-service-port.',
    value: (entry) => entry.canary,
  },
  upstream_addr: { doc: 'Endpoints that were tried, in order.', value: (entry) => list(entry, (one) => one.endpoint) },
  upstream_status: { doc: 'Status of each try.', value: (entry) => list(entry, statusOf) },
  upstream_response_length: {
    doc: 'Bytes of the body of each try.',
    value: (entry) => list(entry, (one) => `${one.bytes}`),
  },
  upstream_response_time: {
    doc: 'Seconds of each try.',
    value: (entry) => list(entry, (one) => seconds(one.durationMs)),
  },
  upstream_connect_time: {
    doc: 'Seconds for the connection of the last try; 0 for a kept one.',
    value: (entry) => (entry.connectMs < 0 ? undefined : secondsNumber(entry.connectMs)),
  },
  upstream_header_time: {
    doc: 'Seconds to the head of the answer in the last try.',
    value: (entry) => (entry.headerMs < 0 ? undefined : secondsNumber(entry.headerMs)),
  },
};

/** @param format  `json`, or `nginx` for the lines of ingress-nginx */
export function createAccessLog(format: 'json' | 'nginx', destination: LogDestination): AccessLog {
  const lineOf = format === 'json' ? jsonLine : nginxLine;
  return { write: (entry) => destination.write(lineOf(entry)) };
}

const jsonFields = Object.entries(accessLogFields).map(([name, field]) => ({
  key: JSON.stringify(name),
  value: field.value,
}));

/** One JSON object with line end. */
export function jsonLine(entry: AccessLogEntry): string {
  let line = '';
  for (const field of jsonFields) {
    const value = field.value(entry);
    if (value === undefined || value === '') continue;
    line += `${line === '' ? '{' : ','}${field.key}:`;
    line += typeof value === 'number' ? value : JSON.stringify(capped(value));
  }
  return `${line}}\n`;
}

/**
 * The line of ingress-nginx, byte for byte.
 * Source: ingress-nginx `log-format-upstream`; nginx `log_format` for the escapes and for `-`.
 */
export function nginxLine(entry: AccessLogEntry): string {
  return (
    `${client(entry)}${localTime(entry.timeMs)}${requestLine(entry)}${entry.status} ${entry.bodyBytesSent}${agent(entry)}` +
    `${entry.requestBytes} ${seconds(entry.durationMs)}${upstreamName(entry)}${tries(entry)}` +
    `${text(entry.requestId || undefined)}\n`
  );
}

let lastAddress = '';
let lastClient = '';

/** Address and user. Each piece of a line costs, so what often comes again is one piece. */
function client({ clientAddress, user }: AccessLogEntry): string {
  if (clientAddress !== lastAddress) {
    lastAddress = clientAddress;
    lastClient = `${text(clientAddress)} - `;
  }
  return user === '' ? `${lastClient}-` : `${lastClient}${text(user)}`;
}

/** Bytes that are no request have none. */
function requestLine({ method, target, httpVersion }: AccessLogEntry): string {
  if (method === '') return '"-" ';
  if (method.length + target.length > fieldLimit - 16) return `"${text(`${method} ${target} HTTP/${httpVersion}`)}" `;
  const end = httpVersion === '1.1' ? ' HTTP/1.1" ' : ` HTTP/${text(httpVersion)}" `;
  return `"${method === 'GET' ? method : text(method)} ${text(target)}${end}`;
}

function agent({ referer, userAgent }: AccessLogEntry): string {
  if (referer === undefined && userAgent === undefined) return ' "-" "-" ';
  return ` "${text(referer)}" "${text(userAgent)}" `;
}

function tries(entry: AccessLogEntry): string {
  const [one] = entry.tries;
  if (one === undefined) return '- - - - ';
  if (entry.tries.length === 1) return `${one.endpoint} ${one.bytes} ${seconds(one.durationMs)} ${statusOf(one)} `;
  const endpoints = list(entry, (each) => each.endpoint);
  const bytes = list(entry, (each) => `${each.bytes}`);
  return `${endpoints} ${bytes} ${list(entry, (each) => seconds(each.durationMs))} ${list(entry, statusOf)} `;
}

/** ingress-nginx' name of an upstream, and the canary; what no rule takes goes to its default backend. */
function upstreamName(entry: AccessLogEntry): string {
  const end = entry.canary === '' ? '] [] ' : `] [${entry.canary}] `;
  if (entry.ingress === '') return ` [upstream-default-backend${end}`;
  return entry.service === '' ? ` [-${end}` : ` [${entry.namespace}-${entry.service}-${entry.servicePort}${end}`;
}

function list(entry: AccessLogEntry, value: (one: AccessLogTry) => string): string {
  const [first] = entry.tries;
  if (first === undefined) return '';
  return entry.tries.length === 1 ? value(first) : entry.tries.map(value).join(', ');
}

/** nginx has no status for a try that the client did not wait for. */
function statusOf(one: AccessLogTry): string {
  return one.status === 0 ? '-' : `${one.status}`;
}

/** Texts of the times below one second. */
const thousandths: readonly string[] = Array.from({ length: 1000 }, (_, ms) => (ms / 1000).toFixed(3));

/** Seconds with three digits, as nginx prints times. */
function seconds(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  return thousandths[whole] ?? (whole / 1000).toFixed(3);
}

function secondsNumber(ms: number): number {
  return Math.round(Math.max(0, ms)) / 1000;
}

/** A variable in nginx' default escaping: `-` when there is none, `"`, `\` and what is not printable ASCII as `\xHH`. */
function text(value: string | undefined): string {
  if (value === undefined) return '-';
  const shown = capped(value);
  // Nearly always there is nothing to escape, and a replacement costs four times what a look does.
  return needsEscape.test(shown) ? shown.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, escaped) : shown;
}

const needsEscape = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (code <= 0xff) return `\\x${hex(code)}`;
  return [...Buffer.from(character)].map((byte) => `\\x${hex(byte)}`).join('');
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

function capped(value: string): string {
  return value.length > fieldLimit ? value.slice(0, fieldLimit) : value;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
let localSecond = -1;
let localText = '';

/** ` [26/Nov/2026:03:31:21 +0000] `; the text of a second is made once. */
function localTime(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== localSecond) {
    localSecond = second;
    const date = new Date(second * 1000);
    const day = two(date.getUTCDate());
    const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
    localText = ` [${day}/${months[date.getUTCMonth()] ?? ''}/${date.getUTCFullYear()}:${time} +0000] `;
  }
  return localText;
}

let isoSecond = -1;
let isoText = '';

function isoTime(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== isoSecond) {
    isoSecond = second;
    isoText = new Date(second * 1000).toISOString().slice(0, 20);
  }
  return `${isoText}${`${Math.floor(timeMs) % 1000}`.padStart(3, '0')}Z`;
}

function two(value: number): string {
  return `${value}`.padStart(2, '0');
}
