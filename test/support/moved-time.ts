import type { TestContext } from 'node:test';

import { FakeTime } from './fake-time.ts';

/** Time that the test moves, and the intervals that the engine runs on it. */
export class MovedTime {
  readonly clock: FakeTime = new FakeTime();
  readonly intervals: Map<object, () => void> = new Map();

  constructor(t: TestContext) {
    t.mock.method(globalThis, 'setInterval', (run: () => void) => {
      const handle = { unref: () => handle, ref: () => handle };
      this.intervals.set(handle, run);
      return handle;
    });
    t.mock.method(globalThis, 'clearInterval', (handle: object) => void this.intervals.delete(handle));
  }

  readonly pass = (ms: number): void => {
    this.clock.jump(ms);
    for (const run of Array.from(this.intervals.values())) run();
  };
}
