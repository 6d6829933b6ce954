/**
 * Header fields as a flat list: name, value, name, value. Order and spelling are kept, which is what goes on the wire.
 * Shape: `[2 * fields]`.
 */
export type HeaderList = string[];

/** First value of a field. @param name  lower-case */
export function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    const candidate = headers[at];
    if (candidate !== undefined && candidate.length === name.length && candidate.toLowerCase() === name)
      return headers[at + 1];
  }
  return undefined;
}
