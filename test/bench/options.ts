/** From the environment, so that `make bench ROUNDS=2 ROWS=tls,16k` can say them. */

/** Turns that count, after one that does not. */
export const rounds: number = Number(process.env['ROUNDS'] || 5);
/** Length of a turn, in whole seconds. */
export const seconds: number = Number(process.env['SECONDS_EACH'] || 1);
/** Names of rows or faults; empty: all. */
export const only: readonly string[] = (process.env['ROWS'] ?? '').split(',').filter(Boolean);
