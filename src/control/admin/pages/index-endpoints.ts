import type { Snapshot } from '../../../model/snapshot.ts';
import type { Endpoint, Upstream } from '../../../model/upstream.ts';
import type { KnownEjection } from '../../health/ejections.ts';
import type { EndpointCondition } from '../../health/endpoint-condition.ts';
import { conditionOf } from '../../health/endpoint-condition.ts';
import type { EndpointHealth, UpstreamHealth } from '../../health/health-state.ts';
import type { Html } from '../html.ts';
import { html } from '../html.ts';
import type { InFlight } from '../in-flight.ts';
import type { AdminView } from '../view.ts';
import { cell, shortCell, table, tag } from './index-table.ts';
import { ejectionText } from './show-ejection.ts';
import { showDuration } from './show-time.ts';

interface Row {
  readonly upstream: Upstream;
  /** Absent for an upstream without any. */
  readonly found?: Found;
}

interface Found {
  readonly endpoint: Endpoint;
  readonly condition: EndpointCondition;
  /** Absent for one that is not checked. */
  readonly health?: EndpointHealth;
  /** Absent unless data workers leave it out now. */
  readonly ejection?: KnownEjection;
}

type Sources = Pick<AdminView, 'health' | 'ejections'>;

/**
 * Every endpoint with what Kubernetes, the checks and the data workers say, and how many requests it holds. Those that
 * are out or fail come first.
 * @param now  wall clock
 */
export function endpointsTable(
  snapshot: Snapshot,
  view: Sources & { readonly inFlight: InFlight },
  filter: string,
  now: number,
): Html {
  return table<Row>(
    {
      title: 'Endpoints',
      columns: ['Upstream', 'Endpoint', 'Pod', 'Kubernetes', 'State', 'In flight', 'Why', 'Since', 'Last check'],
      rows: rowsOf(snapshot, view),
      text: ({ upstream, found }) =>
        `${upstream.id} ${found?.endpoint.id ?? ''} ${found?.endpoint.pod?.name ?? ''} ${stateOf(found)[1]}`,
      cells: (row) => cellsOf(row, view.inFlight, now),
      none: 'No route goes to a Service.',
    },
    filter,
  );
}

/** How many endpoints there are, and how many of them checks or failed requests keep out. */
export function countEndpoints(snapshot: Snapshot, view: Sources): { readonly all: number; readonly out: number } {
  let all = 0;
  let out = 0;
  for (const { found } of rowsOf(snapshot, view)) {
    if (found === undefined) continue;
    all += 1;
    if (found.condition === 'unhealthy' || found.condition === 'ejected') out += 1;
  }
  return { all, out };
}

function* rowsOf(snapshot: Snapshot, { health, ejections }: Sources): Generator<Row> {
  const well: Row[] = [];
  for (const upstream of snapshot.upstreams.values()) {
    const checks = health.upstream(upstream.id);
    if (upstream.endpoints.length === 0) yield { upstream };
    for (const endpoint of upstream.endpoints) {
      const found = findOut(endpoint, checks, ejections.ejectionOf(upstream.id, endpoint.id));
      if (found.condition === 'ready' || found.condition === 'draining') well.push({ upstream, found });
      else yield { upstream, found };
    }
  }
  yield* well;
}

function findOut(endpoint: Endpoint, checks: UpstreamHealth | undefined, ejection: KnownEjection | undefined): Found {
  const health = checks?.endpoints.get(endpoint.id);
  const condition = conditionOf(endpoint, checks, ejection);
  return { endpoint, condition, ...(health !== undefined && { health }), ...(ejection !== undefined && { ejection }) };
}

function cellsOf({ upstream, found }: Row, inFlight: InFlight, now: number): readonly Html[] {
  const endpoint = found?.endpoint;
  const health = found?.health;
  const [kind, state] = stateOf(found);
  const since = found?.condition === 'ejected' ? found.ejection?.since : health?.since;
  const ready = endpoint?.state === 'ready' ? 'good' : 'mute';
  return [
    cell(upstream.id),
    shortCell(endpoint === undefined ? '' : html`<code>${endpoint.id}</code>`),
    cell(endpoint?.pod?.name ?? ''),
    shortCell(endpoint === undefined ? '' : tag(ready, kubernetesSays(endpoint))),
    shortCell(tag(kind, state)),
    shortCell(endpoint === undefined ? '' : `${inFlight.of(upstream.namespace, upstream.service, endpoint.id)}`),
    soft(whyOf(found, now)),
    shortCell(html`<span class="soft">${since === undefined ? '' : showDuration(now - since)}</span>`),
    soft(health === undefined ? '' : lastCheck(health, now)),
  ];
}

/** Endpoints for the zone of this replica get all requests while they can; the others have none then. */
function kubernetesSays({ near, state }: Endpoint): string {
  return near === true ? `${state}, for this zone` : state;
}

function soft(text: string): Html {
  return cell(html`<span class="soft">${text}</span>`);
}

function stateOf(found: Found | undefined): readonly ['good' | 'bad' | 'warn' | 'mute', string] {
  switch (found?.condition) {
    case undefined:
      return ['bad', 'no endpoint'];
    case 'unhealthy':
      return ['bad', 'out'];
    case 'ejected':
      return ['bad', 'ejected'];
    case 'ignored':
      return ['warn', 'fails, ignored'];
    case 'draining':
      return ['mute', 'draining'];
    case 'ready':
      if (found?.health === undefined) return ['mute', 'not checked'];
      return found.health.state === 'healthy' ? ['good', 'healthy'] : ['mute', 'not known yet'];
  }
}

function whyOf(found: Found | undefined, now: number): string {
  if (found === undefined) return 'requests are answered with 503';
  const { condition, health, ejection } = found;
  switch (condition) {
    case 'ejected':
      return ejection === undefined ? '' : ejectionText(ejection, now);
    case 'unhealthy':
      return health === undefined ? '' : failure(health);
    case 'ignored':
      return `${health === undefined ? '' : failure(health)}; all others fail too, so it still gets requests`;
    case 'draining':
      return 'terminates: no new requests while another one is ready';
    case 'ready':
      if (health === undefined) return 'follows the readiness of Kubernetes alone';
      return health.state === 'unknown' ? 'too few checks so far' : '';
  }
}

/** `HTTP 503 (3 in a row)`. */
function failure({ lastResult, failures, successes }: EndpointHealth): string {
  return failures > 0 ? `${lastResult} (${failures} in a row)` : `passed only ${successes} times in a row so far`;
}

/** `HTTP 200, 3 s ago`. */
function lastCheck({ lastResult, checkedAt }: EndpointHealth, now: number): string {
  return checkedAt === 0 ? lastResult : `${lastResult}, ${showDuration(now - checkedAt)} ago`;
}
