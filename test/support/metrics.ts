import type { Program } from './program.ts';

/**
 * Value of a metric as the admin listener shows it, summed over its series; 0 when there is none.
 * @param labels  those that a series must have, for example `reason="queue"`
 */
export async function metric(program: Program, name: string, ...labels: readonly string[]): Promise<number> {
  const { text } = await program.admin('/metrics');
  const lines = text
    .split('\n')
    .filter(
      (line) =>
        (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && labels.every((label) => line.includes(label)),
    );
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
