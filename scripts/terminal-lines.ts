/** One line of the program's log: JSON with at least `level` and `message`. */
export type LogLine = Readonly<Record<string, unknown>>;

/** @returns undefined when the text is no line of the log */
export function parseLine(text: string): LogLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null ? { ...line } : undefined;
  } catch {
    return undefined;
  }
}

/** `12:30:01 warning  what: why. fix` for people. */
export function readableLine(line: LogLine, now: Date): string {
  const isDiagnostic = textOf(line, 'code') !== '' && textOf(line, 'why') !== '';
  const level = { warn: 'warning', error: 'error  ' }[textOf(line, 'level')] ?? (isDiagnostic ? 'note   ' : '       ');
  const why = textOf(line, 'why');
  const fix = textOf(line, 'fix');
  const message = textOf(line, 'message');
  // What is over is said with the object alone.
  const place = [textOf(line, 'object'), textOf(line, 'field')].filter((part) => part !== '').join(' ');
  const what = message === 'mended' ? `${place}: mended` : message;
  return `${clock(now)} ${level}  ${what}${why === '' ? '' : `: ${why}.`}${fix === '' ? '' : ` ${fix}`}`;
}

/** `12:30:01` */
export function clock(now: Date): string {
  return now.toTimeString().slice(0, 8);
}

/** A field as text; empty when it is absent or no text. */
export function textOf(line: LogLine, field: string): string {
  const value = line[field];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
