/** Randomness as a parameter: a number in [0, 1). */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();

/** `value` with up to `share` of itself more or less. @param share  0.5 means ±50 % */
export function withJitter(value: number, share: number, random: Random): number {
  return value * (1 - share + 2 * share * random());
}
