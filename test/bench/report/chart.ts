import type { Line } from '../rows/row.ts';
import type { Outcome } from '../turns.ts';
import { fieldTexts, valueText } from './fields.ts';
import type { Verdict } from './goals.ts';
import { verdictsOf } from './goals.ts';

/** All lengths in pixels of the drawing. */
const column = { width: 480, gap: 24, labels: 172, bars: 210 };
const lineHeight = 17;
const headHeight = 40;
const rowGap = 18;
const topHeight = 64;

/** A bar longer than this many times what matters in its row is cut, so that the others can be told apart. */
const longest = 2.5;

const style = `
  text { font: 11px system-ui, sans-serif; fill: #57606a }
  .title { font-size: 17px; font-weight: 600; fill: #1f2328 }
  .row { font-weight: 600; fill: #1f2328 }
  .own { font-weight: 600; fill: #0969da }
  .bar { fill: #afb8c1 } .own-bar { fill: #0969da } .cut { stroke: #ffffff; stroke-width: 2 }
  .reached { stroke: #1a7f37; stroke-width: 2 } .missed { stroke: #bc4c00; stroke-width: 2 }
  .background { fill: #ffffff } .halo { stroke: #ffffff; stroke-width: 5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 } .title, .row { fill: #f0f6fc } .own { fill: #4493f8 }
    .bar { fill: #59636e } .own-bar { fill: #4493f8 } .cut { stroke: #0d1117 }
    .reached { stroke: #3fb950 } .missed { stroke: #f0883e } .background { fill: #0d1117 }
    .halo { stroke: #0d1117 }
  }`;

/** All rows as bars in two columns, as an SVG file that follows the reader's colour scheme. */
export function chartOf(outcomes: readonly Outcome[]): string {
  const [left, right] = columnsOf(outcomes);
  const height = topHeight + Math.max(heightOf(left), heightOf(right));
  const width = 2 * column.width + 3 * column.gap;
  const second = 2 * column.gap + column.width;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Fairway beside other proxies">
<style>${style}
</style>
<rect class="background" width="${width}" height="${height}"/>
<text class="title" x="${column.gap}" y="28">Fairway beside other proxies</text>
<text x="${column.gap}" y="47">Each group has its own scale. The upright line at Fairway's bar is its goal: green when reached, orange when not.</text>
<g transform="translate(${column.gap} ${topHeight})">${drawn(left)}</g>
<g transform="translate(${second} ${topHeight})">${drawn(right)}</g>
</svg>
`;
}

/** Splits where both columns are about equally long. */
function columnsOf(outcomes: readonly Outcome[]): readonly [readonly Outcome[], readonly Outcome[]] {
  const tallest = (at: number): number => Math.max(heightOf(outcomes.slice(0, at)), heightOf(outcomes.slice(at)));
  const [best = 0] = outcomes.map((_, at) => at + 1).toSorted((a, b) => tallest(a) - tallest(b));
  return [outcomes.slice(0, best), outcomes.slice(best)];
}

function heightOf(outcomes: readonly Outcome[]): number {
  return outcomes.reduce((sum, { lines }) => sum + headHeight + lines.length * lineHeight + rowGap, 0);
}

function drawn(outcomes: readonly Outcome[]): string {
  let top = 0;
  return outcomes
    .map((outcome) => {
      const group = `<g transform="translate(0 ${top})">${rowGroup(outcome)}</g>`;
      top += heightOf([outcome]);
      return group;
    })
    .join('\n');
}

function rowGroup(outcome: Outcome): string {
  const { lines, row } = outcome;
  const { better, name } = fieldTexts[row.measured];
  const scale = column.bars / widest(outcome);
  const texts = [
    `<text class="row" y="12">${escaped(row.title)}</text>`,
    `<text y="27">${name}, ${better} is better</text>`,
  ];
  const bars = lines.map((line, at) => bar(outcome, line, headHeight + at * lineHeight, scale));
  return [...texts, ...bars].join('\n');
}

function bar(outcome: Outcome, line: Line, y: number, scale: number): string {
  const { measured } = outcome.row;
  const value = line.values[measured] ?? 0;
  const width = Math.min(column.bars, value * scale);
  const own = line.contestant.peer === 'native';
  const goals = verdictsOf(outcome, line.contestant.label).map((one) => goalLine(outcome, one, y, scale));
  const isCut = value * scale > column.bars + 0.5;
  const x = column.labels;
  return (
    `<text${own ? ' class="own"' : ''} x="${x - 8}" y="${y + 10}" text-anchor="end">${escaped(line.contestant.label)}</text>` +
    `<rect class="${own ? 'own-bar' : 'bar'}" x="${x}" y="${y}" width="${width.toFixed(1)}" height="12" rx="2"/>` +
    (isCut ? `<path class="cut" d="M${x + width - 16} ${y + 14} l5 -16 m3 0 l-5 16"/>` : '') +
    `<text${own ? ' class="own"' : ''} x="${(x + endOf(width, goals) + 6).toFixed(1)}" y="${y + 10}">${valueText(measured, line.values[measured])}</text>` +
    goals.map((one) => one.svg).join('')
  );
}

/** Where the number stands: behind the bar, or behind a goal that leaves it no room there. */
function endOf(width: number, goals: readonly { readonly at: number }[]): number {
  const near = goals.map((one) => one.at).filter((at) => at < width + 64);
  return Math.max(width, ...near);
}

function goalLine(
  outcome: Outcome,
  verdict: Verdict,
  y: number,
  scale: number,
): { readonly svg: string; readonly at: number } {
  const at = Math.min(column.bars, limitOf(outcome, verdict) * scale);
  const x = (column.labels + at).toFixed(1);
  return {
    at,
    svg: `<path class="halo" d="M${x} ${y - 2} v16"/><path class="${verdict.reached ? 'reached' : 'missed'}" d="M${x} ${y - 2} v16"/>`,
  };
}

/** The limit in the unit of the row. */
function limitOf({ lines, row }: Outcome, { goal }: Verdict): number {
  const against = lines.find((line) => line.contestant.label === goal.against);
  return goal.limit * (goal.against === undefined ? 1 : (against?.values[row.measured] ?? 0));
}

/** The value at the right end of a group's bars. */
function widest(outcome: Outcome): number {
  const { lines, row } = outcome;
  const valueOf = (line: Line): number => line.values[row.measured] ?? 0;
  const first = lines.slice(0, 1).map(valueOf);
  const own = lines.filter((line) => line.contestant.peer === 'native');
  const limits = own.flatMap((line) => verdictsOf(outcome, line.contestant.label).map((one) => limitOf(outcome, one)));
  const matters = Math.max(...first, ...own.map(valueOf), ...limits);
  return Math.min(longest * matters, Math.max(matters, ...lines.map(valueOf)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
