import type { Timers } from '../../src/control/sources/cluster/timers.ts';
import type { Clock } from '../../src/lib/clock.ts';

interface Alarm {
  readonly at: number;
  readonly ms: number;
  readonly run: () => void;
}

/** Time that moves only when a test says so. Several `FakeTimers` may share one, and one of them may stand still. */
export class FakeTime implements Clock {
  #now = 1_000;
  /** Milliseconds that the wall clock is off. */
  skewMs = 0;

  readonly now = (): number => this.#now;
  readonly wall = (): number => 1_750_000_000_000 + this.#now + this.skewMs;

  /** Moves on without any timer firing: what a process sees that was stopped. */
  jump(ms: number): void {
    this.#now += ms;
  }
}

/** The timers of one part of a program, on a shared clock. */
export class FakeTimers implements Timers {
  readonly #time: FakeTime;
  readonly #alarms: Set<Alarm> = new Set();

  constructor(time: FakeTime) {
    this.#time = time;
  }

  after(ms: number, run: () => void): () => void {
    const alarm = { at: this.#time.now() + ms, ms, run };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Lengths of the timers that are set, shortest first. */
  pending(): number[] {
    return [...this.#alarms].map(({ ms }) => ms).sort((a, b) => a - b);
  }

  /** Runs what is due now. */
  fire(): void {
    for (const alarm of [...this.#alarms].sort((a, b) => a.at - b.at)) {
      if (alarm.at > this.#time.now() || !this.#alarms.delete(alarm)) continue;
      alarm.run();
    }
  }
}
