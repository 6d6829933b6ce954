import type { LocalResponse } from './exchange.ts';
import type { HeaderList } from './headers.ts';

/**
 * nginx' own page for a status, byte for byte: monitors, error pages of CDNs and tests of users compare it.
 * Source: nginx `ngx_http_special_response.c`; observed 5, 6, 23.
 */
export function errorPage(status: number): string {
  const known = pages.get(status);
  if (known !== undefined) return known;
  const title = `${status} ${titles[status] ?? 'Unknown'}`;
  const page =
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
    `<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
  pages.set(status, page);
  return page;
}

/** An answer with nginx' page. @param headers  beside Content-Type and Content-Length, which stand first */
export function pageResponse(status: number, headers: HeaderList = []): LocalResponse {
  return localResponse(status, errorPage(status), headers);
}

/** @param body  ASCII, so that its length is its number of bytes */
export function localResponse(status: number, body: string, headers: HeaderList = []): LocalResponse {
  return { status, headers: ['Content-Type', 'text/html', 'Content-Length', `${body.length}`, ...headers], body };
}

/** Filled from `titles` alone, so bounded by the statuses in use. */
const pages = new Map<number, string>();

/** nginx' words, which differ from RFC 9110 in places. */
const titles: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Authorization Required',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Time-out',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  415: 'Unsupported Media Type',
  416: 'Requested Range Not Satisfiable',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
  505: 'HTTP Version Not Supported',
  507: 'Insufficient Storage',
};
