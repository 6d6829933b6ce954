import type { ObjectStore } from '../../src/control/objects/object-store.ts';

/**
 * Waits until the store has it, looking again after each change.
 * @throws when that does not happen within `deadlineMs`
 */
export async function waitForStore(
  store: ObjectStore,
  what: string,
  isThere: () => boolean,
  deadlineMs = 10_000,
): Promise<void> {
  if (isThere()) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`not within ${deadlineMs} ms: ${what}`)), deadlineMs);
  store.onChange(() => {
    if (isThere()) resolve();
  });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}
