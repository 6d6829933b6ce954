import type { Snapshot } from '../../../model/snapshot.ts';
import { emptySnapshot } from '../../../model/snapshot.ts';
import type { Html } from '../html.ts';
import { empty, html } from '../html.ts';
import type { InFlight } from '../in-flight.ts';
import type { AdminPage, PageContext } from '../page.ts';
import { unreadyReasons } from '../readiness.ts';
import { residentMemory } from '../resident-memory.ts';
import type { AdminView } from '../view.ts';
import { certificatesTable } from './index-certificates.ts';
import { diagnosticsTable } from './index-diagnostics.ts';
import { countEndpoints, endpointsTable } from './index-endpoints.ts';
import { processesTable } from './index-processes.ts';
import { routesTable } from './index-routes.ts';
import { indexSecurityPolicy, indexStyle } from './index-style.ts';
import { tag } from './index-table.ts';
import { showDuration } from './show-time.ts';

/** Longest text that is looked for. */
const longestFilter = 200;

export const index: AdminPage = {
  path: '/',
  doc: 'This page: what runs, routes, endpoints with health, certificates, diagnostics; ?q= shows what holds a text.',
  inTurn: true,
  render: async (context) => ({
    status: 200,
    contentType: 'text/html; charset=utf-8',
    headers: { 'content-security-policy': indexSecurityPolicy },
    body: page(context, await context.inFlight()).html,
  }),
};

function page(context: PageContext, inFlight: InFlight): Html {
  const { view, clock, query } = context;
  const now = clock.wall();
  const { health, ejections } = view;
  const compilation = view.compilation();
  const snapshot = compilation?.snapshot ?? emptySnapshot;
  const diagnostics = compilation?.diagnostics ?? [];
  const written = (query.get('q') ?? '').slice(0, longestFilter).trim();
  const filter = written.toLowerCase();
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Fairway · ${view.settings.podName}</title>
        ${indexStyle}
      </head>
      <body>
        ${header(context, snapshot.version, now)}
        <main>
          ${cards(view, snapshot, diagnostics.length)}
          <form method="get" action="/">
            <input
              name="q"
              value="${written}"
              maxlength="${longestFilter}"
              placeholder="Show only rows with this text: a host, an Ingress, a Service, a pod"
              aria-label="Filter"
            /><button>Filter</button>
          </form>
          ${filter === '' ? empty : html`<p class="soft">Rows with “${written}”. <a href="/">Show all</a></p>`}
          ${diagnosticsTable(diagnostics, filter)} ${routesTable(snapshot, view.settings, filter)}
          ${endpointsTable(snapshot, { health, ejections, inFlight }, filter, now)}
          ${certificatesTable(snapshot, filter, now)} ${processesTable(view, residentMemory())}
        </main>
        <footer>
          This page reads and never changes anything. It shows names of all tenants: keep it inside the cluster.
        </footer>
      </body>
    </html> `;
}

function header({ view, pages }: PageContext, version: number, now: number): Html {
  const reasons = unreadyReasons(view);
  const ready = reasons.length === 0 ? tag('good', 'ready') : tag('warn', reasons.join('; '));
  const links = pages
    .filter(({ path }) => path !== '/')
    .map(({ path, doc }) => html`<a href="${path}" title="${doc}">${path}</a> `);
  return html`<header>
    <div>
      <h1>Fairway <small>${view.version} · ${view.settings.namespace}/${view.settings.podName}</small></h1>
      ${tag('mute', view.state()?.phase ?? 'starting')} ${ready}
      <span class="soft">up ${showDuration(now - view.startedAt)}, version ${version} of the routes</span>
      <nav>${links}</nav>
    </div>
  </header>`;
}

function cards(view: AdminView, snapshot: Snapshot, diagnostics: number): Html {
  const workers = view.state()?.workers ?? [];
  const alive = workers.filter((worker) => worker.pid !== 0).length;
  const endpoints = countEndpoints(snapshot, view);
  let routes = 0;
  for (const host of snapshot.virtualHosts.values()) routes += host.routes.length;
  const shown: readonly (readonly [string, string])[] = [
    [`${routes}`, `routes on ${snapshot.virtualHosts.size} hosts`],
    [`${snapshot.upstreams.size}`, 'upstreams'],
    [`${endpoints.all - endpoints.out}`, `of ${endpoints.all} endpoints in use`],
    [`${snapshot.certificates.size}`, 'certificates'],
    [`${diagnostics}`, 'diagnostics'],
    [`${alive}`, `of ${workers.length} data workers alive`],
  ];
  return html`<div class="cards">
    ${shown.map(([number, text]) => html`<div class="card"><b>${number}</b><span>${text}</span></div>`)}
  </div>`;
}
