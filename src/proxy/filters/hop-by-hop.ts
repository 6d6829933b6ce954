/**
 * Fields that concern one connection only, in lower case. `upgrade` of a tunnel is written anew by whoever needs it.
 * Source: RFC 9110 section 7.6.1; threats R-28.
 */
export const hopByHop: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Fields that `Connection` names beside the usual ones, in lower case; undefined when there are none, which is nearly
 * always. Content-Length is never among them: it frames the body.
 */
export function connectionOptions(headers: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    const value = headers[at + 1] ?? '';
    if (value === 'keep-alive' || value === 'close' || value === 'Upgrade') continue;
    named ??= new Set();
    for (const option of value.split(',')) named.add(option.trim().toLowerCase());
  }
  named?.delete('content-length');
  return named;
}

/**
 * Remembers the answer for names as they are spelled, since clients and servers spell few names. Bounded.
 * @param decide  gets the name in lower case
 */
export function rememberByName(decide: (name: string) => boolean): (spelled: string) => boolean {
  const known = new Map<string, boolean>();
  return (spelled) => {
    const before = known.get(spelled);
    if (before !== undefined) return before;
    const answer = decide(spelled.toLowerCase());
    if (known.size >= mostNames) known.clear();
    known.set(spelled, answer);
    return answer;
  };
}

const mostNames = 1024;
