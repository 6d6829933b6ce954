import type { FakeApi } from './fake-api.ts';

const stableTurns = 40;

/** Resolves when no request has come for many turns of the loop: whoever wanted to ask has asked and been answered. */
export async function settled(api: FakeApi): Promise<void> {
  for (let turns = 0, seen = api.requests.length; turns < stableTurns; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (api.requests.length !== seen) turns = 0;
    seen = api.requests.length;
  }
}
