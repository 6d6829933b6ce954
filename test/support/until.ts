/**
 * Asks again and again until the answer is neither undefined nor false. For what announces itself by no event.
 * @throws an error with the last failure after `withinMs`
 */
export async function until<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs: number = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let failure: unknown = 'nothing';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms`, { cause: failure });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
