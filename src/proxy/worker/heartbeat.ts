import { performance } from 'node:perf_hooks';

import type { FromWorker } from '../../model/messages.ts';

/** Faults F-03: silence of this process is how the supervisor learns that its event loop is stuck. */
const everyMs = 100;

/** Says every 100 ms that the event loop turns, and how busy it is. @returns stops it */
export function startHeartbeat(say: (message: FromWorker) => void): () => void {
  let before = performance.eventLoopUtilization();
  let beatAt = performance.now();
  let rssBytes = 0;
  const timer = setInterval(() => {
    const used = performance.eventLoopUtilization();
    const now = performance.now();
    const { utilization } = performance.eventLoopUtilization(used, before);
    rssBytes = residentBytes() ?? rssBytes;
    say({
      kind: 'heartbeat',
      loopUtilization: utilization,
      loopDelayMs: Math.max(0, now - beatAt - everyMs),
      rssBytes,
    });
    before = used;
    beatAt = now;
  }, everyMs);
  return () => clearInterval(timer);
}

/** @returns undefined when the process has no file descriptor left, which makes Node throw (faults F-70) */
export function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}
