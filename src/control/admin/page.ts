import type { Clock } from '../../lib/clock.ts';
import type { InFlight } from './in-flight.ts';
import type { AdminView } from './view.ts';

/** What a page answers. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  /** In pieces when it may be long. */
  readonly body: string | Buffer | readonly Buffer[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a page may use. */
export interface PageContext {
  readonly view: AdminView;
  readonly clock: Clock;
  readonly query: URLSearchParams;
  /** Every page, for links. */
  readonly pages: readonly Pick<AdminPage, 'path' | 'doc'>[];
  /** `/metrics` in Prometheus' text format. */
  readonly metricsText: () => Promise<readonly Buffer[]>;
  /** Requests that endpoints hold now: the data workers are asked, at most once a second. */
  readonly inFlight: () => Promise<InFlight>;
}

/** One path of the admin listener. Pages only read. */
export interface AdminPage {
  readonly path: string;
  /** One sentence, for the index and the answer to unknown paths. */
  readonly doc: string;
  /**
   * Everybody who asks within this time gets the same answer, made once: pages that are expensive. Such a page ignores
   * the query.
   */
  readonly shareMs?: number;
  /**
   * One answer after the other, each in a turn of the event loop of its own: many who ask at once must not hold up
   * heartbeats and health checks.
   */
  readonly inTurn?: true;
  readonly render: (context: PageContext) => AdminAnswer | Promise<AdminAnswer>;
}

/** Plain text with a line end. */
export function textAnswer(status: number, text: string): AdminAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** Readable JSON; maps become objects. */
export function jsonAnswer(value: unknown): AdminAnswer {
  return {
    status: 200,
    contentType: 'application/json; charset=utf-8',
    body: Buffer.from(`${JSON.stringify(value, mapsToObjects, 2)}\n`),
  };
}

function mapsToObjects(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Set ? [...value] : value;
}
