/**
 * Header fields as a flat list: name, value, name, value. Order and spelling are kept, which is what goes on the wire.
 * Shape: `[2 * fields]`.
 */
export type HeaderList = string[];

/** Whether a name is this one, in any spelling. @param lowerCase  of the same length */
export function isNamed(name: string, lowerCase: string): boolean {
  // The first letter tells nearly all others apart.
  return (name.charCodeAt(0) | 0x20) === lowerCase.charCodeAt(0) && name.toLowerCase() === lowerCase;
}

/** First value of a field. @param name  lower-case */
export function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    const candidate = headers[at];
    if (candidate !== undefined && candidate.length === name.length && isNamed(candidate, name)) return headers[at + 1];
  }
  return undefined;
}
