import { hostNameOf, portTextOf } from './host-name.ts';

/**
 * The target of a request in origin-form: `/path?query`.
 * @param target  as sent: origin-form, or absolute-form whose authority says the same as Host
 * @param host  the Host field; empty when there is none
 * @returns undefined for everything that is answered with 400: other forms, `*` included (observed 12), and characters
 *   outside 0x21 to 0x7E, `#`, and `\` in the path (browsers do send `\` in a query)
 * Source: RFC 9112 section 3.2; threats R-20.
 */
export function originForm(target: string, host: string): string | undefined {
  if (!/^[\x21\x22\x24-\x7e]+$/.test(target)) return undefined;
  if (target.startsWith('/')) return target;
  const absolute = /^(https?):\/\/([^/?]*)(.*)$/i.exec(target);
  if (absolute === null) return undefined;
  const [, scheme = '', authority = '', rest = ''] = absolute;
  if (!sameAuthority(authority, host, scheme.toLowerCase() === 'https' ? '443' : '80')) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** The part before the query. */
export function pathOf(uri: string): string {
  const query = uri.indexOf('?');
  return query === -1 ? uri : uri.slice(0, query);
}

/** The query with its question mark; empty without. */
export function queryOf(uri: string): string {
  const query = uri.indexOf('?');
  return query === -1 ? '' : uri.slice(query);
}

function sameAuthority(authority: string, host: string, defaultPort: string): boolean {
  const name = hostNameOf(authority);
  if (name === undefined || name !== hostNameOf(host)) return false;
  return (portTextOf(authority) || defaultPort) === (portTextOf(host) || defaultPort);
}
