import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Plan, Report, Shot } from './plan.ts';

/** Runs the load generator in a process of its own. @returns after the last answer or time limit */
export async function runOpenLoop(plan: Plan): Promise<Report> {
  const program = [join(import.meta.dirname, 'main.ts'), JSON.stringify(plan)];
  const { stdout } = await promisify(execFile)(process.execPath, program, { maxBuffer: 1 << 30 }).catch((error) => {
    // The error holds all that was printed.
    throw new Error(`the load generator failed: ${String(error.stderr)}`);
  });
  return JSON.parse(stdout) as Report;
}

/** Latency below which this part of the requests stays, in milliseconds. @param part  0 to 1 */
export function latencyQuantile(shots: readonly Shot[], part: number): number {
  return quantile(
    shots.map((one) => one.latencyMs),
    part,
  );
}

/** Source: nearest-rank method. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}
