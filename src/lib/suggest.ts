/**
 * The candidate that was probably meant, for "did you mean" in messages; of two that are as near, one that goes on where the
 * word ends.
 * @param word        what somebody wrote
 * @param candidates  every right name
 * @returns undefined when nothing is near: more than a third of the letters would have to change
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const written = normal(word);
  let best: string | undefined;
  let bestDistance = Math.min(written.length, Math.max(1, Math.floor(written.length / 3)) + 1);
  for (const candidate of candidates) {
    const name = normal(candidate);
    const distance = editDistance(written, name);
    const nearer =
      distance < bestDistance || (distance === bestDistance && best !== undefined && name.startsWith(written));
    if (nearer) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/**
 * Least number of letters to insert, remove, change or swap with their neighbour. Words beyond 64 letters are as far
 * apart as their length, so that the cost is bounded. Source: optimal string alignment distance.
 */
export function editDistance(left: string, right: string): number {
  if (left === right) return 0;
  if (left.length > 64 || right.length > 64) return Math.max(left.length, right.length);
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, at(before, column - 2) + 1);
      current.push(cost);
    }
    [before, previous] = [previous, current];
  }
  return at(previous, right.length);
}

/** Upper case and underscores are the commonest mistakes and count as none. */
function normal(word: string): string {
  return word.toLowerCase().replaceAll('_', '-');
}

function at(numbers: readonly number[], index: number): number {
  return numbers[index] ?? Number.MAX_SAFE_INTEGER;
}
