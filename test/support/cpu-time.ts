/**
 * Processor time that some work takes, in milliseconds: what else runs on the machine does not count. The least of some
 * rounds, because the first ones compile. For orders of magnitude only: caches are still shared.
 */
export function cpuMsOf(work: (round: number) => unknown, rounds = 5): number {
  const times = Array.from({ length: rounds }, (_, round) => {
    const before = process.cpuUsage();
    work(round);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}
