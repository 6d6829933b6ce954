import type { Shot } from './plan.ts';

/** How many requests failed and how, for example `8 timeout, 4 HTTP 502`, or `0`. */
export function failuresText(shots: readonly Shot[]): string {
  const kinds = new Map<string, number>();
  for (const { failure } of shots) if (failure !== undefined) kinds.set(failure, (kinds.get(failure) ?? 0) + 1);
  const sorted = [...kinds].toSorted(([, a], [, b]) => b - a).map(([kind, count]) => `${count} ${kind}`);
  return sorted.length === 0 ? '0' : sorted.join(', ');
}
