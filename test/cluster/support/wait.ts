import { setTimeout as pause } from 'node:timers/promises';

/** Longest wait for anything in the cluster, unless the test says otherwise. */
const DEFAULT_DEADLINE_MS = 30_000;
const TRY_EVERY_MS = 50;

/**
 * Tries until the probe gives a value.
 * @param what      what is waited for, for the message
 * @param probe     gives undefined or throws for "not yet"
 * @returns what the probe gave
 * @throws after the deadline, with the last reason why it was not there
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  deadlineMs: number = DEFAULT_DEADLINE_MS,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let reason = 'no value yet';
  do {
    try {
      const value = await probe();
      if (value !== undefined) {
        return value;
      }
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    await pause(TRY_EVERY_MS);
  } while (Date.now() < end);
  throw new Error(`${what}: not within ${deadlineMs} ms (${reason})`);
}

/** Lets time pass: only for the length of a load, never in place of a condition. */
export async function passSeconds(seconds: number): Promise<void> {
  await pause(seconds * 1_000);
}
