import { isIP } from 'node:net';

/**
 * Names as the API server accepts them. Every pattern runs on text of bounded length, in linear time. Ids are put
 * together from these names with separators that none of them may hold (threats R-6).
 */

/** RFC 1123 label: namespaces, port names. Source: Kubernetes, "Object Names and IDs". */
export function isLabel(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(text);
}

/** RFC 1123 subdomain: names of objects, hosts without wildcard. */
export function isSubdomain(text: string): boolean {
  return text.length > 0 && text.length <= 253 && text.split('.').every((label) => isDottedPart(label));
}

/** Parts of a subdomain have no limit of their own: Kubernetes asks 63 characters of labels only. */
function isDottedPart(text: string): boolean {
  return /^[a-z0-9]/.test(text) && /[a-z0-9]$/.test(text) && /^[-a-z0-9]+$/.test(text);
}

/**
 * Host of an Ingress rule, lower-case: a subdomain, or one with `*` alone as first label. Never an IP address.
 * Source: Kubernetes Ingress API, `spec.rules[].host`.
 */
export function isHost(text: string): boolean {
  const rest = text.startsWith('*.') ? text.slice(2) : text;
  return isSubdomain(rest) && isIP(text) === 0;
}

/** Key of an annotation or label: an optional subdomain and a slash, then a name of up to 63 characters. */
export function isQualifiedName(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash >= 0 && !isSubdomain(text.slice(0, slash).toLowerCase())) return false;
  const name = text.slice(slash + 1);
  return name.length <= 63 && /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name);
}

/** Key of a ConfigMap or Secret. Source: Kubernetes API, ConfigMap v1 core, `data`. */
export function isDataKey(text: string): boolean {
  return text.length > 0 && text.length <= 253 && /^[-._a-zA-Z0-9]+$/.test(text) && text !== '.' && text !== '..';
}

/** TCP port that can be connected to. */
export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}
