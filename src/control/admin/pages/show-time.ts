const units: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** `3 d`, `2 h`, `5 min`, `12 s`: one unit is enough to read. */
export function showDuration(ms: number): string {
  const length = Math.abs(ms);
  for (const [unit, name] of units) if (length >= unit) return `${Math.floor(length / unit)} ${name}`;
  return '0 s';
}

/** `2026-01-31 12:00 UTC`, or empty for what is not a date. @param ms  milliseconds since 1970 */
export function showMoment(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? '' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `12 MB`. */
export function showMegabytes(bytes: number): string {
  return bytes === 0 ? '' : `${Math.round(bytes / 1_000_000)} MB`;
}
