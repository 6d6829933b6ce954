/** Labels of RFC 3986 `reg-name`, then port. Each character has one way to match: linear time. */
const registeredName =
  /^(?:[A-Za-z0-9_~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+(?:\.(?:[A-Za-z0-9_~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)*\.?(?::[0-9]{0,5})?$/;
const ipv6Literal = /^\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{0,5})?$/;
const longestHost = 261;

/**
 * The name inside a Host field: lower case, without port and without the dot at the end of a full name.
 * @param host  as sent; IPv6 addresses stand in brackets
 * @returns undefined when it is not `host[:port]`, which is answered with 400
 * Source: RFC 9110 section 7.2; RFC 3986 section 3.2.2; nginx refuses empty labels likewise.
 */
export function hostNameOf(host: string): string | undefined {
  const known = knownNames.get(host);
  if (known !== undefined) return known;
  const name = readHostName(host);
  if (name === undefined) return undefined;
  if (knownNames.size >= mostKnown) knownNames.clear();
  knownNames.set(host, name);
  return name;
}

/** Hosts that were found good: few are asked for again and again, each more than once for one request. */
const knownNames = new Map<string, string>();
const mostKnown = 1024;

function readHostName(host: string): string | undefined {
  if (host.length === 0 || host.length > longestHost) return undefined;
  if (host.startsWith('['))
    return ipv6Literal.test(host) ? host.slice(0, host.indexOf(']') + 1).toLowerCase() : undefined;
  if (!registeredName.test(host)) return undefined;
  const name = withoutPort(host);
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

/** Host as sent, without port. @param host  one that `hostNameOf` accepts */
export function withoutPort(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return end === -1 ? host : host.slice(0, end);
}

/** Port as sent, empty when there is none. @param host  one that `hostNameOf` accepts */
export function portTextOf(host: string): string {
  return host.slice(withoutPort(host).length + 1);
}
