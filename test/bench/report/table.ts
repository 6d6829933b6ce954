import type { Outcome } from '../turns.ts';
import { fieldTexts, valueText } from './fields.ts';
import { verdictText, verdictsOf } from './goals.ts';

/** All rows as one Markdown table; the first proxy of a row is what the others are compared with. */
export function tableOf(outcomes: readonly Outcome[]): string {
  return [
    '| Measure | Proxy | Measured | × first | Goal | CPU per request (µs) | Requests/s | p99 (ms) | Errors |',
    '|---|---|--:|--:|---|--:|--:|--:|--:|',
    ...outcomes.flatMap(linesOf),
  ].join('\n');
}

/** What the rows have to say beyond their numbers. */
export function notesOf(outcomes: readonly Outcome[]): string {
  return outcomes.flatMap(({ notes, row }) => notes.map((note) => `- *${row.title}*: ${note}`)).join('\n');
}

function linesOf(outcome: Outcome): string[] {
  const { lines, row } = outcome;
  const base = lines[0]?.values[row.measured];
  return lines.map(({ contestant, values }, at) => {
    const value = values[row.measured];
    const cells = [
      at === 0 ? `**${row.title}** (${fieldTexts[row.measured].name})` : '',
      contestant.label,
      valueText(row.measured, value),
      value === undefined || base === undefined ? '-' : (value / base).toFixed(2),
      verdictsOf(outcome, contestant.label)
        .map((one) => verdictText(one, outcome))
        .join('<br>'),
      values.cpuUs?.toFixed(1) ?? '-',
      values.requestsPerSecond?.toFixed(0) ?? '-',
      values.p99Ms?.toFixed(2) ?? '-',
      values.errors?.toFixed(0) ?? '-',
    ];
    return `| ${cells.join(' | ')} |`;
  });
}
