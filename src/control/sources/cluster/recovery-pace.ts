import type { ApiError } from './api-error.ts';
import { isGone } from './api-error.ts';
import { BackOff } from './back-off.ts';
import type { ReflectorOptions } from './reflector-options.ts';
import { pause } from './timers.ts';

/**
 * What kind of trouble it is. `away`: no server, or one that cannot answer now. `refused`: it answers, and says no.
 * `broken`: it serves us, but what it gave cannot be continued (410, garbage, a watch that ends at once).
 */
export type Trouble = 'away' | 'refused' | 'broken';

type PaceOptions = Pick<ReflectorOptions<unknown>, 'clock' | 'random' | 'timers' | 'timings' | 'pulse'>;

/**
 * How long to wait after a failure. Each kind of trouble has a back-off of its own: that a server was away for a minute
 * says nothing about how soon to list anew once it answers 410.
 */
export class RecoveryPace {
  readonly #options: PaceOptions;
  readonly #backOffs: Readonly<Record<Trouble, BackOff>>;
  #wasAway = false;

  constructor(options: PaceOptions) {
    this.#options = options;
    const backOff = (): BackOff => new BackOff(options.clock, options.random, options.timings.backOff);
    this.#backOffs = { away: backOff(), refused: backOff(), broken: backOff() };
  }

  /** A list or a watch stands. */
  worked(): void {
    for (const backOff of Object.values(this.#backOffs)) backOff.worked();
    if (this.#wasAway) this.#options.pulse.beat();
    this.#wasAway = false;
  }

  /** @param starting  nothing is served yet: asking more often then is worth more than it costs */
  async wait(trouble: Trouble, retryAfterMs: number, starting: boolean, signal: AbortSignal): Promise<void> {
    const { timers, timings, pulse } = this.#options;
    const ms = this.#backOffs[trouble].next(retryAfterMs, starting ? timings.startCapMs : timings.backOff.capMs);
    this.#wasAway ||= trouble === 'away';
    // Who was told when to come back comes back then.
    if (trouble === 'away' && retryAfterMs === 0) await pulse.wait(timers, ms, signal);
    else await pause(timers, ms, signal);
  }
}

export function troubleOf(error: ApiError): Trouble {
  if (isGone(error)) return 'broken';
  if (error.failure === 'network' || error.failure === 'timeout') return 'away';
  return error.status === 429 || error.status >= 500 ? 'away' : 'refused';
}
