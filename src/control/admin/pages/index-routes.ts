import type { Canary } from '../../../model/canary.ts';
import type { BodyPolicy, RetryPolicy, RoutePolicies, UpstreamTimeouts } from '../../../model/policy.ts';
import type { PathMatch, Route } from '../../../model/route.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { printByteSize } from '../../../settings/byte-size.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { Html } from '../html.ts';
import { html } from '../html.ts';
import { cell, shortCell, table, tag } from './index-table.ts';

/** Retries of routes that ask for nothing else: not worth a word on each. */
type UsualRetry = Pick<Settings, 'proxyNextUpstream' | 'proxyNextUpstreamTries'>;

interface Row {
  readonly host: string;
  readonly route: Route;
}

/** Every route in the order in which they are tried, host by host. */
export function routesTable(snapshot: Snapshot, settings: UsualRetry, filter: string): Html {
  return table<Row>(
    {
      title: 'Routes',
      columns: ['Host', 'Path', 'Match', 'Ingress', 'Goes to', 'Policies'],
      rows: rowsOf(snapshot),
      text: ({ host, route }) => `${host} ${route.match.path} ${ingressOf(route)} ${goesTo(route)}`,
      cells: ({ host, route }) => [
        cell(host === '*' ? html`<span class="soft">every host</span>` : host),
        cell(html`<code>${route.match.path}</code>`),
        shortCell(matchNames[route.match.kind]),
        cell(ingressOf(route)),
        cell(route.action.kind === 'respond' ? tag('warn', goesTo(route)) : goesTo(route)),
        cell(html`<span class="soft">${describePolicies(route.policies, settings)}</span>`),
      ],
      none: 'No Ingress of our class has a rule that can be served.',
    },
    filter,
  );
}

const matchNames: Readonly<Record<PathMatch['kind'], string>> = {
  exact: 'exact',
  prefix: 'prefix',
  'text-prefix': 'text prefix',
};

function* rowsOf(snapshot: Snapshot): Generator<Row> {
  for (const { host, routes } of snapshot.virtualHosts.values()) for (const route of routes) yield { host, route };
}

function ingressOf(route: Route): string {
  return `${route.source.namespace}/${route.source.name}`;
}

function goesTo(route: Route): string {
  const { action } = route;
  if (action.kind === 'respond') return `answers ${action.status}: ${action.reason}`;
  return [action.upstream, ...(action.canaries ?? []).map(describeCanary)].join(', ');
}

function describeCanary({ upstream, weight, weightTotal, header, cookie }: Canary): string {
  const by = [
    ...(header === undefined ? [] : [`header ${header.name}`]),
    ...(cookie === undefined ? [] : [`cookie ${cookie}`]),
    `${weight} of ${weightTotal}`,
  ];
  return `canary ${upstream} by ${by.join(', ')}`;
}

/** In short. A policy without words of its own is named. */
function describePolicies(policies: RoutePolicies, settings: UsualRetry): string {
  const { affinity, body, httpsRedirect, timeouts, retry, labels: _labels, ...others } = policies;
  const words: string[] = [];
  if (affinity !== undefined) words.push(`sticky by cookie ${affinity.cookieName} (${affinity.mode})`);
  if (httpsRedirect !== undefined) words.push(`${httpsRedirect.status} to HTTPS`);
  if (timeouts !== undefined) words.push(describeTimeouts(timeouts));
  if (retry !== undefined && !isUsual(retry, settings)) words.push(describeRetry(retry));
  if (body !== undefined) words.push(describeBody(body));
  return [...words, ...Object.keys(others)].join(', ');
}

function isUsual({ on, tries }: RetryPolicy, settings: UsualRetry): boolean {
  return on.join(' ') === settings.proxyNextUpstream && tries === settings.proxyNextUpstreamTries;
}

function describeBody({ limitBytes, replayBytes }: BodyPolicy): string {
  const most = limitBytes === 0 ? 'bodies of any size' : `bodies up to ${printByteSize(limitBytes)}`;
  return `${most}, ${printByteSize(replayBytes)} kept for retries`;
}

function describeTimeouts({ connectMs, sendMs, readMs }: UpstreamTimeouts): string {
  return `timeouts: connect ${connectMs / 1000} s, send ${sendMs / 1000} s, read ${readMs / 1000} s`;
}

function describeRetry({ on, tries }: RetryPolicy): string {
  if (on.length === 0) return 'no retries';
  return tries === 0 ? `retries on ${on.join(', ')}` : `${tries} tries on ${on.join(', ')}`;
}
