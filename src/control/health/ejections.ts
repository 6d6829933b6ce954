import type { Clock } from '../../lib/clock.ts';
import type { EndpointId, UpstreamId } from '../../model/ids.ts';
import type { Ejection } from '../../model/messages.ts';
import type { EjectionReason } from '../../model/pool-policy.ts';

/** An endpoint that data workers leave out now, because requests failed there. */
export interface KnownEjection {
  readonly reason: EjectionReason;
  /** When it was left out, milliseconds since 1970. */
  readonly since: number;
  /** When it returns, milliseconds since 1970. */
  readonly until: number;
  /** How many times in a row it was left out. */
  readonly times: number;
}

/** Read side, for the admin page. */
export interface EjectionView {
  ejectionOf(upstream: UpstreamId, endpoint: EndpointId): KnownEjection | undefined;
}

interface Entry extends KnownEjection {
  /** On the monotonic clock. */
  readonly endsAt: number;
}

/** What data workers told of their ejections, for as long as these last. The workers decide; nothing is decided here. */
export class Ejections implements EjectionView {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #known = new Map<string, Entry>();

  /** @param limit  the oldest give way to more than this */
  constructor(clock: Clock, limit = 10_000) {
    this.#clock = clock;
    this.#limit = limit;
  }

  note({ upstream, endpoint, reason, durationMs, times }: Ejection): void {
    const key = keyOf(upstream, endpoint);
    const endsAt = this.#clock.now() + durationMs;
    // Two workers may find out at the same moment.
    if ((this.#known.get(key)?.endsAt ?? 0) > endsAt) return;
    this.#known.delete(key);
    if (this.#known.size >= this.#limit) this.#makeRoom();
    const since = this.#clock.wall();
    this.#known.set(key, { reason, times, since, until: since + durationMs, endsAt });
  }

  ejectionOf(upstream: UpstreamId, endpoint: EndpointId): KnownEjection | undefined {
    const known = this.#known.get(keyOf(upstream, endpoint));
    return known !== undefined && known.endsAt > this.#clock.now() ? known : undefined;
  }

  #makeRoom(): void {
    const now = this.#clock.now();
    for (const [key, { endsAt }] of this.#known) if (endsAt <= now) this.#known.delete(key);
    for (const key of this.#known.keys()) {
      if (this.#known.size < this.#limit) return;
      this.#known.delete(key);
    }
  }
}

/** Neither id has a space. */
function keyOf(upstream: UpstreamId, endpoint: EndpointId): string {
  return `${upstream} ${endpoint}`;
}
