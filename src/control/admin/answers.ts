import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Clock } from '../../lib/clock.ts';
import type { AdminAnswer, AdminPage, PageContext } from './page.ts';
import { textAnswer } from './page.ts';
import { Shared } from './shared.ts';

/** Finds pages and makes their answers; those of expensive pages are shared by all who ask within `shareMs`. */
export class Answers {
  readonly #pages: ReadonlyMap<string, AdminPage>;
  readonly #clock: Clock;
  readonly #shared: Map<string, Shared<AdminAnswer>> = new Map();
  #lastTurn: Promise<unknown> = Promise.resolve();

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
    return page.inTurn === true ? this.#inTurn(page, context) : page.render(context);
  }

  /** One after the other, each in a turn of the event loop of its own. */
  #inTurn(page: AdminPage, context: PageContext): Promise<AdminAnswer> {
    const answer = this.#lastTurn.then(() => nextTurn()).then(() => page.render(context));
    this.#lastTurn = answer.catch(() => undefined);
    return answer;
  }

  #share(page: AdminPage, shareMs: number, context: PageContext): Promise<AdminAnswer> {
    const shared = this.#shared.get(page.path) ?? new Shared<AdminAnswer>(shareMs, this.#clock);
    this.#shared.set(page.path, shared);
    return shared.get(() => page.render(context));
  }

  #notFound(path: string): string {
    const known = [...this.#pages.values()].map((page) => `${page.path.padEnd(14)}${page.doc}`);
    return [`nothing is at ${JSON.stringify(path.slice(0, 100))}. There is:`, ...known].join('\n');
  }
}
