import { failuresText } from '../open-loop/failures.ts';
import type { Shot } from '../open-loop/plan.ts';
import { latencyQuantile } from '../open-loop/run.ts';
import type { PeerName } from '../peers/table.ts';
import { peerTable } from '../peers/table.ts';
import type { FaultRun } from './run-fault.ts';

/** One fault with one proxy. */
export interface FaultResult {
  readonly title: string;
  readonly peer: PeerName;
  readonly run: FaultRun;
}

/** The same load while pods die all the time. */
export interface DeathsResult {
  readonly peer: PeerName;
  readonly shots: readonly Shot[];
}

/** All faults as one Markdown table. */
export function faultsTable(results: readonly FaultResult[]): string {
  return [
    '| Fault | Proxy | Sent | Failed | How | Last failure (s after its begin) | Last request to the endpoint (s after its begin) | Used again (s after its end) | p99 meanwhile (ms) |',
    '|---|---|--:|--:|---|--:|--:|--:|--:|',
    ...results.map(({ peer, run, title }, at) => {
      const meanwhile = run.shots.filter(({ dueMs }) => dueMs >= run.beganMs && dueMs < run.endedMs);
      const cells = [
        results[at - 1]?.title === title ? '' : `**${title}**`,
        peerTable[peer].title,
        ...countsOf(run.shots),
        secondsText(lastFailureMs(run.shots), run.beganMs),
        secondsText(run.lastReachedMs, run.beganMs),
        secondsText(run.usedAgainMs, run.endedMs),
        latencyQuantile(meanwhile, 0.99).toFixed(1),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

export function deathsTable(results: readonly DeathsResult[]): string {
  return [
    '| Proxy | Sent | Failed | How | p50 (ms) | p99 (ms) | p99.9 (ms) | Longest (ms) |',
    '|---|--:|--:|---|--:|--:|--:|--:|',
    ...results.map(({ peer, shots }) => {
      const delays = [0.5, 0.99, 0.999, 1].map((part) => latencyQuantile(shots, part).toFixed(1));
      return `| ${[peerTable[peer].title, ...countsOf(shots), ...delays].join(' | ')} |`;
    }),
  ].join('\n');
}

/** Cells: sent, failed, how. */
function countsOf(shots: readonly Shot[]): string[] {
  const failed = shots.filter((shot) => shot.failure !== undefined).length;
  return [`${shots.length}`, `${failed}`, failed === 0 ? '' : failuresText(shots)];
}

/** When the client learnt of it. */
function lastFailureMs(shots: readonly Shot[]): number | undefined {
  const failed = shots.filter((shot) => shot.failure !== undefined).map((one) => one.dueMs + one.latencyMs);
  return failed.length === 0 ? undefined : Math.max(...failed);
}

function secondsText(atMs: number | undefined, sinceMs: number): string {
  return atMs === undefined ? '-' : ((atMs - sinceMs) / 1000).toFixed(1);
}
