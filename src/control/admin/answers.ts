import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Clock } from '../../lib/clock.ts';
import type { AdminAnswer, AdminPage, PageContext } from './page.ts';
import { textAnswer } from './page.ts';

interface Shared {
  /** Monotonic time after which a new answer is made. */
  until: number;
  readonly answer: Promise<AdminAnswer>;
}

/** Finds pages and makes their answers; those of expensive pages are shared by all who ask within `shareMs`. */
export class Answers {
  readonly #pages: ReadonlyMap<string, AdminPage>;
  readonly #clock: Clock;
  readonly #shared: Map<string, Shared> = new Map();
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(pages: readonly AdminPage[], clock: Clock) {
    this.#pages = new Map(pages.map((page) => [page.path, page]));
    this.#clock = clock;
  }

  /** @throws whatever the page throws, which is a bug */
  async answer(method: string, path: string, context: PageContext): Promise<AdminAnswer> {
    const page = this.#pages.get(path);
    if (page === undefined) return textAnswer(404, this.#notFound(path));
    if (method !== 'GET' && method !== 'HEAD') {
      return { ...textAnswer(405, 'this listener only reads: use GET or HEAD'), headers: { allow: 'GET, HEAD' } };
    }
    if (page.shareMs !== undefined) return this.#share(page, page.shareMs, context);
    if (page.inTurn === true) await this.#turn();
    return page.render(context);
  }

  /** Resolves in a turn of the event loop in which it resolves for nobody else. */
  #turn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(() => nextTurn());
    return this.#lastTurn;
  }

  #share(page: AdminPage, shareMs: number, context: PageContext): Promise<AdminAnswer> {
    const known = this.#shared.get(page.path);
    if (known !== undefined && this.#clock.now() < known.until) return known.answer;
    const answer = Promise.resolve(page.render(context));
    // While it is made everybody waits for it; afterwards it holds from now on.
    const shared: Shared = { until: Infinity, answer };
    this.#shared.set(page.path, shared);
    const made = (until: number): void => void (shared.until = until);
    answer.then(
      () => made(this.#clock.now() + shareMs),
      () => made(0),
    );
    return answer;
  }

  #notFound(path: string): string {
    const known = [...this.#pages.values()].map((page) => `${page.path.padEnd(14)}${page.doc}`);
    return [`nothing is at ${JSON.stringify(path.slice(0, 100))}. There is:`, ...known].join('\n');
  }
}
