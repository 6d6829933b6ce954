import type { Snapshot } from '../../../model/snapshot.ts';
import type { Endpoint, Upstream } from '../../../model/upstream.ts';
import type { KnownEjection } from '../../health/ejections.ts';
import type { EndpointHealth, UpstreamHealth } from '../../health/health-state.ts';
import type { Html } from '../html.ts';
import { html } from '../html.ts';
import type { AdminView } from '../view.ts';
import { cell, shortCell, table, tag } from './index-table.ts';
import { ejectionText } from './show-ejection.ts';
import { showDuration } from './show-time.ts';

interface Row {
  readonly upstream: Upstream;
  /** Absent for an upstream without any. */
  readonly endpoint?: Endpoint;
  readonly health?: EndpointHealth;
  readonly ignored: boolean;
  /** Absent unless data workers leave it out now. */
  readonly ejection?: KnownEjection;
}

type Sources = Pick<AdminView, 'health' | 'ejections'>;

/** Every endpoint with what Kubernetes, the checks and the data workers say. Those that are out come first. @param now  wall clock */
export function endpointsTable(snapshot: Snapshot, view: Sources, filter: string, now: number): Html {
  return table<Row>(
    {
      title: 'Endpoints',
      columns: ['Upstream', 'Endpoint', 'Pod', 'Kubernetes', 'Health', 'Why', 'Since'],
      rows: rowsOf(snapshot, view),
      text: ({ upstream, endpoint }) => `${upstream.id} ${endpoint?.id ?? ''} ${endpoint?.pod?.name ?? ''}`,
      cells: (row) => cellsOf(row, now),
      none: 'No route goes to a Service.',
    },
    filter,
  );
}

/** How many endpoints there are, and how many of them checks or failed requests keep out. */
export function countEndpoints(snapshot: Snapshot, view: Sources): { readonly all: number; readonly out: number } {
  let all = 0;
  let out = 0;
  for (const row of rowsOf(snapshot, view)) {
    if (row.endpoint === undefined) continue;
    all += 1;
    if (isOut(row)) out += 1;
  }
  return { all, out };
}

function* rowsOf(snapshot: Snapshot, { health, ejections }: Sources): Generator<Row> {
  const good: Row[] = [];
  for (const upstream of snapshot.upstreams.values()) {
    const checks = health.upstream(upstream.id);
    if (upstream.endpoints.length === 0) yield { upstream, ignored: false };
    for (const endpoint of upstream.endpoints) {
      const ejection = ejections.ejectionOf(upstream.id, endpoint.id);
      const row = { ...rowOf(upstream, endpoint, checks), ...(ejection !== undefined && { ejection }) };
      if (row.health?.state === 'unhealthy' || ejection !== undefined) yield row;
      else good.push(row);
    }
  }
  yield* good;
}

function rowOf(upstream: Upstream, endpoint: Endpoint, checks: UpstreamHealth | undefined): Row {
  const health = checks?.endpoints.get(endpoint.id);
  const row = { upstream, endpoint, ignored: checks?.ignored === true };
  return health === undefined ? row : { ...row, health };
}

function isOut(row: Row): boolean {
  return row.ejection !== undefined || failsCheck(row);
}

/** What the check says comes first: it stays longer. */
function isEjected(row: Row): boolean {
  return row.ejection !== undefined && !failsCheck(row);
}

function failsCheck(row: Row): boolean {
  return row.health?.state === 'unhealthy' && !row.ignored;
}

function cellsOf(row: Row, now: number): readonly Html[] {
  const { upstream, endpoint, health } = row;
  const [kind, verdict] = verdictOf(row);
  const since = health === undefined ? '' : showDuration(now - health.since);
  return [
    cell(upstream.id),
    shortCell(endpoint === undefined ? '' : html`<code>${endpoint.id}</code>`),
    cell(endpoint?.pod?.name ?? ''),
    shortCell(endpoint === undefined ? '' : tag(endpoint.state === 'ready' ? 'good' : 'mute', endpoint.state)),
    shortCell(tag(kind, verdict)),
    cell(html`<span class="soft">${whyOf(row, now)}</span>`),
    shortCell(html`<span class="soft">${since}</span>`),
  ];
}

function verdictOf(row: Row): readonly ['good' | 'bad' | 'warn' | 'mute', string] {
  if (row.endpoint === undefined) return ['bad', 'no endpoint'];
  if (isEjected(row)) return ['bad', 'ejected'];
  if (row.health === undefined) return ['mute', 'not checked'];
  switch (row.health.state) {
    case 'healthy':
      return ['good', 'healthy'];
    case 'unhealthy':
      return row.ignored ? ['warn', 'fails, ignored'] : ['bad', 'out'];
    case 'unknown':
      return ['mute', 'not known yet'];
  }
}

function whyOf(row: Row, now: number): string {
  const { endpoint, health, ignored, ejection } = row;
  if (endpoint === undefined) return 'requests are answered with 503';
  if (ejection !== undefined && isEjected(row)) return ejectionText(ejection, now);
  if (health === undefined) return 'follows the readiness of Kubernetes alone';
  const failures = health.failures === 0 ? '' : ` (${health.failures} in a row)`;
  const all = ignored && health.state === 'unhealthy' ? '; all others fail too, so it still gets requests' : '';
  return `${health.lastResult}${failures}${all}`;
}
