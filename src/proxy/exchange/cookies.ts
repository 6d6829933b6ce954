/**
 * Value of a cookie in `Cookie` fields, as sent: no quotes are taken off, nothing is decoded. Of several cookies with
 * one name the first counts, which browsers send for the longest path.
 * @param headers  flat list of the request
 * @returns undefined when the client sent none of this name
 * Source: RFC 6265 section 5.4.
 */
export function cookieValue(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    const field = headers[at] ?? '';
    if (field.length !== 6 || field.toLowerCase() !== 'cookie') continue;
    const value = valueIn(headers[at + 1] ?? '', name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function valueIn(cookies: string, name: string): string | undefined {
  for (let from = 0; from < cookies.length;) {
    const semicolon = cookies.indexOf(';', from);
    const to = semicolon === -1 ? cookies.length : semicolon;
    while (cookies.charCodeAt(from) === 0x20) from += 1;
    if (cookies.startsWith(name, from) && cookies.charAt(from + name.length) === '=') {
      return cookies.slice(from + name.length + 1, to).trimEnd();
    }
    from = to + 1;
  }
  return undefined;
}
