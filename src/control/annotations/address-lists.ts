/**
 * Whether a list of addresses lets everybody in, IPv4 and IPv6, so that leaving it out changes nothing.
 * @param text  as in `whitelist-source-range`: addresses and CIDRs separated by commas
 */
export function opensToAll(text: string): boolean {
  const entries = new Set(text.split(',').map((entry) => entry.trim()));
  return entries.has('0.0.0.0/0') && entries.has('::/0');
}
