import { failuresText } from '../open-loop/failures.ts';
import type { Shot } from '../open-loop/plan.ts';
import { latencyQuantile } from '../open-loop/run.ts';
import type { PeerName } from '../peers/table.ts';
import { peerTable } from '../peers/table.ts';
import type { Algorithm } from './algorithms.ts';
import { slowName } from './algorithms.ts';

/** One proxy with one algorithm. */
export interface Balance {
  readonly algorithm: Algorithm;
  readonly peer: PeerName;
  readonly equal: readonly Shot[];
  readonly oneSlow: readonly Shot[];
}

/** All results as one Markdown table. */
export function balanceTable(results: readonly Balance[]): string {
  return [
    `| Algorithm | Proxy | Shares a / b / c | p50 (ms) | p99 (ms) | Shares, ${slowName} slow | p50 (ms) | p99 (ms) | Failed |`,
    '|---|---|---|--:|--:|---|--:|--:|--:|',
    ...results.map((one, at) => line(one, results[at - 1])),
  ].join('\n');
}

function line({ algorithm, equal, oneSlow, peer }: Balance, before: Balance | undefined): string {
  const words = algorithm.words[peer]?.replace(/\s+/g, ' ') ?? '';
  const named = peer === 'native' || words === '' ? '' : ` (\`${words}\`)`;
  const weights = algorithm.endpoints.map(([, weight]) => weight).filter((weight) => weight !== undefined);
  const suffix = weights.length === 0 ? '' : `, weights ${weights.join(' : ')}`;
  const cells = [
    before?.algorithm === algorithm ? '' : `**${algorithm.name}**${suffix}`,
    `${peerTable[peer].title}${named}`,
    ...[equal, oneSlow].flatMap((shots) => [
      algorithm.endpoints.map(([name]) => shareOf(name, shots)).join(' / '),
      latencyQuantile(shots, 0.5).toFixed(1),
      latencyQuantile(shots, 0.99).toFixed(1),
    ]),
    failuresText([...equal, ...oneSlow]),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** In per cent of the answers. */
function shareOf(name: string, shots: readonly Shot[]): string {
  const answered = shots.filter((shot) => shot.backend !== undefined);
  const own = answered.filter((shot) => shot.backend === name).length;
  return ((own / answered.length) * 100).toFixed(1);
}
