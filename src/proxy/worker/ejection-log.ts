import type { Logger } from '../../lib/logger.ts';
import type { UpstreamId } from '../../model/ids.ts';
import type { Ejection } from '../../model/messages.ts';
import type { EjectionReason } from '../../model/pool-policy.ts';
import type { Upstream } from '../../model/upstream.ts';

interface Said {
  at: number;
  /** Ejections since then that were not said. */
  unsaid: number;
}

/** At most one line for each upstream in this time. */
const everyMs = 10_000;
/** Upstreams that are remembered; beyond it those that may speak again are forgotten. */
const mostRemembered = 1_000;

const words: Readonly<Record<EjectionReason, string>> = {
  refused: 'it refused a connection',
  'consecutive-failures': 'requests to it failed in a row',
  'failure-rate': 'too many requests to it failed',
};

/** Says in the program log which endpoints are left out. A pool that dies as a whole says one line in ten seconds. */
export class EjectionLog {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #said = new Map<UpstreamId, Said>();

  /** @param now  monotonic milliseconds */
  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** This worker leaves an endpoint out. */
  decided({ id }: Upstream, { endpoint, reason, durationMs, times }: Ejection): void {
    const now = this.#now();
    const said = this.#said.get(id);
    if (said !== undefined && now - said.at < everyMs) return void (said.unsaid += 1);
    const unsaid = said?.unsaid ?? 0;
    if (!this.#remember(id, now)) return undefined;
    const fields = { event: 'endpoint-ejected', upstream: id, endpoint, reason, durationMs, times, unsaid };
    return this.#log.warn(fields, `${endpoint} of ${id} is left out for ${durationMs} ms: ${words[reason]}`);
  }

  /** Another worker did, and this one follows. */
  followed({ upstream, endpoint, reason, durationMs }: Ejection): void {
    const fields = { event: 'ejection-followed', upstream, endpoint, reason, durationMs };
    this.#log.debug(fields, `${endpoint} of ${upstream} is left out here as well`);
  }

  /** @returns false when too many others said something just now */
  #remember(id: UpstreamId, now: number): boolean {
    if (this.#said.size >= mostRemembered) {
      for (const [old, { at }] of this.#said) if (now - at >= everyMs) this.#said.delete(old);
    }
    if (this.#said.size >= mostRemembered) return false;
    this.#said.set(id, { at: now, unsaid: 0 });
    return true;
  }
}
