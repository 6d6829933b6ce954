import { readFileSync } from 'node:fs';

/** How many connections checks may keep open between them, so that files for new ones are always left (fault F-70). */
export class KeptConnections {
  readonly #limit: number;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns whether one more may be kept; then `release` must follow */
  take(): boolean {
    if (this.#count >= this.#limit) return false;
    this.#count += 1;
    return true;
  }

  release(): void {
    this.#count -= 1;
  }
}

/** Half of the files that this process may open. Source: proc(5), /proc/pid/limits. */
export function halfOfOpenFiles(): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? '';
    return soft === 'unlimited' ? most : Math.min(most, Math.floor(Number(soft) / 2));
  } catch {
    return 0;
  }
}

const most = 65_536;
