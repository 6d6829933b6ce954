import type { LogDestination } from '../../src/lib/log-destination.ts';

/** One line of a program's log, as JSON.parse gives it. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Lines that have been logged, and those that a test waits for. */
export class LogLines implements LogDestination {
  readonly dropped = 0;
  readonly all: LogLine[] = [];
  #waiting: { readonly matches: (line: LogLine) => boolean; readonly found: (line: LogLine) => void }[] = [];

  write(text: string): void {
    const line = parseLine(text);
    this.all.push(line);
    for (const { found } of this.#waiting.filter(({ matches }) => matches(line))) found(line);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** Lines with these fields, so far. */
  with(fields: LogLine): LogLine[] {
    return this.all.filter((line) => matchesFields(line, fields));
  }

  /**
   * The first line with these fields, whether it has been written already or not.
   * @param after  skips as many lines from the beginning of the log
   */
  async next(fields: LogLine, withinMs: number = 20_000, after: number = 0): Promise<LogLine> {
    const there = this.all.slice(after).find((line) => matchesFields(line, fields));
    if (there !== undefined) return there;
    return await new Promise((resolve, reject) => {
      const give = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        const last = this.all.slice(-20).map((line) => JSON.stringify(line));
        reject(
          new Error(`no line ${JSON.stringify(fields)} within ${withinMs} ms; the last ones:\n${last.join('\n')}`),
        );
      };
      const timer = setTimeout(give, withinMs);
      const waiting = {
        matches: (line: LogLine): boolean => matchesFields(line, fields),
        found: (line: LogLine): void => {
          clearTimeout(timer);
          this.#waiting = this.#waiting.filter((one) => one !== waiting);
          resolve(line);
        },
      };
      this.#waiting.push(waiting);
    });
  }
}

function matchesFields(line: LogLine, fields: LogLine): boolean {
  return Object.entries(fields).every(([key, value]) => line[key] === value);
}

function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { text: text.trimEnd() };
  }
}
