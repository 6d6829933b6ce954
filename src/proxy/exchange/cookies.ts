/**
 * Value of a cookie in `Cookie` fields, as sent: no quotes are taken off, nothing is decoded. Of several cookies with
 * one name the first counts, which browsers send for the longest path.
 * @param headers  flat list of the request
 * @returns undefined when the client sent none of this name
 * Source: RFC 6265 section 5.4.
 */
export function cookieValue(headers: readonly string[], name: string): string | undefined {
  return find(
    headers,
    (cookies, from) => cookies.startsWith(name, from) && cookies.charAt(from + name.length) === '=',
    name,
  );
}

/** As `cookieValue`, whatever the case of the name. Source: nginx variables `$cookie_...`. */
export function cookieValueAnyCase(headers: readonly string[], name: string): string | undefined {
  const start = `${name}=`.toLowerCase();
  return find(headers, (cookies, from) => cookies.slice(from, from + start.length).toLowerCase() === start, name);
}

function find(
  headers: readonly string[],
  begins: (cookies: string, from: number) => boolean,
  name: string,
): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    const field = headers[at] ?? '';
    if (field.length !== 6 || field.toLowerCase() !== 'cookie') continue;
    const cookies = headers[at + 1] ?? '';
    for (let from = 0; from < cookies.length;) {
      const semicolon = cookies.indexOf(';', from);
      const to = semicolon === -1 ? cookies.length : semicolon;
      while (cookies.charCodeAt(from) === 0x20) from += 1;
      if (begins(cookies, from)) return cookies.slice(from + name.length + 1, to).trimEnd();
      from = to + 1;
    }
  }
  return undefined;
}
