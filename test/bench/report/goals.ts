import type { Goal, Line } from '../rows/row.ts';
import type { Outcome } from '../turns.ts';
import { valueText } from './fields.ts';

/** How far a goal is. */
export interface Verdict {
  readonly goal: Goal;
  /** What the limit bounds: a ratio, or the measured value itself. */
  readonly value: number;
  readonly reached: boolean;
}

/** @returns nothing for goals whose other proxy is not installed */
export function verdictsOf({ lines, row }: Outcome, label: string): readonly Verdict[] {
  return row.goals.flatMap((goal) => {
    const field = goal.field ?? row.measured;
    const own = valueOf(lines, goal.of, field);
    const other = goal.against === undefined ? 1 : valueOf(lines, goal.against, field);
    if (goal.of !== label || own === undefined || other === undefined) return [];
    const value = own / other;
    return [{ goal, value, reached: goal.bound === 'at most' ? value <= goal.limit : value >= goal.limit }];
  });
}

/** For the table: `≤ 1.15 × nginx: 1.40, not reached`. */
export function verdictText({ goal, reached, value }: Verdict, outcome: Outcome): string {
  const sign = goal.bound === 'at most' ? '≤' : '≥';
  const field = goal.field ?? outcome.row.measured;
  const bound = goal.against === undefined ? valueText(field, goal.limit) : `${goal.limit} × ${goal.against}`;
  const is = goal.against === undefined ? valueText(field, value) : value.toFixed(2);
  return `${sign} ${bound}: ${is}, ${reached ? 'reached' : '**not reached**'}`;
}

function valueOf(lines: readonly Line[], label: string, field: NonNullable<Goal['field']>): number | undefined {
  return lines.find((line) => line.contestant.label === label)?.values[field];
}
