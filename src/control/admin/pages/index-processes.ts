import type { BoundListener } from '../../../model/messages.ts';
import type { Leadership } from '../../status/leadership.ts';
import type { Html } from '../html.ts';
import { empty, html } from '../html.ts';
import type { AdminView, SupervisorState } from '../view.ts';
import { cell, shortCell, table, tag } from './index-table.ts';
import { showMegabytes } from './show-time.ts';

interface Row {
  readonly name: string;
  readonly pid: string;
  readonly memory: string;
  readonly state: Html;
  readonly version: string;
  readonly restarts: number;
  readonly delay: string;
}

/** The processes, and below them who leads, where we listen and why workers died. */
export function processesTable(view: AdminView, rssBytes: number): Html {
  const state = view.state();
  const processes = table<Row>(
    {
      title: 'Processes',
      columns: ['Process', 'Pid', 'Memory', 'State', 'Serves version', 'Restarts', 'Loop delay'],
      rows: state === undefined ? [] : rowsOf(state, rssBytes),
      text: ({ name }) => name,
      cells: ({ name, pid, memory, state, version, restarts, delay }) => [
        shortCell(name),
        shortCell(pid),
        shortCell(memory),
        shortCell(state),
        shortCell(version),
        shortCell(`${restarts}`),
        shortCell(delay),
      ],
      none: 'No report from the supervisor yet.',
    },
    '',
  );
  return state === undefined ? processes : html`${processes}${aroundTable(view, state)}`;
}

function rowsOf(state: SupervisorState, rssBytes: number): Row[] {
  const well = tag('good', 'alive');
  const supervisor = { name: 'supervisor', pid: '1', version: '', restarts: 0, delay: '', state: well };
  const control = { name: 'control', pid: `${process.pid}`, version: '', delay: '', state: well };
  return [
    { ...supervisor, pid: `${process.ppid}`, memory: showMegabytes(state.supervisorRssBytes) },
    { ...control, restarts: state.controlRestarts, memory: showMegabytes(rssBytes) },
    ...state.workers.map((worker) => ({
      name: `worker ${worker.index}`,
      pid: worker.pid === 0 ? '' : `${worker.pid}`,
      memory: showMegabytes(worker.pid === 0 ? 0 : worker.rssBytes),
      state: worker.pid === 0 ? tag('bad', 'being replaced') : well,
      version: `${worker.appliedVersion}`,
      restarts: worker.restarts,
      delay: `${worker.loopDelayMs.toFixed(1)} ms`,
    })),
  ];
}

function aroundTable(view: AdminView, state: SupervisorState): Html {
  const deaths = Object.entries(state.deaths).map(([reason, count]) => `${reason} ${count}`);
  const listeners = state.listeners.map((one) => listenerText(one));
  const facts: readonly (readonly [string, string])[] = [
    ['Listens on', listeners.length === 0 ? 'nothing yet' : listeners.join(', ')],
    ['Leader', leaderText(view.leadership())],
    ['Workers that died', deaths.length === 0 ? 'none' : deaths.join(', ')],
  ];
  const loop = state.crashLooping
    ? html`<p class="note">${tag('bad', 'Data workers die as soon as they start: see the log.')}</p>`
    : empty;
  const rows = facts.map(
    ([name, value]) =>
      html`<tr>
        ${shortCell(name)}${cell(value)}
      </tr>`,
  );
  return html`<section>
    <div class="scroll">
      <table>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    ${loop}
  </section> `;
}

function leaderText({ isLeader, lease, holder }: Leadership): string {
  if (lease === '') return isLeader ? 'this one' : 'no election, because there is no API server';
  return `${isLeader ? 'this one' : holder === '' ? 'nobody known' : holder} (${lease})`;
}

function listenerText({ id, address, port }: BoundListener): string {
  return `${id} ${address.includes(':') ? `[${address}]` : address}:${port}`;
}
