import type { Route, RouteAction } from '../../model/route.ts';
import { pageResponse } from '../exchange/error-page.ts';
import type { Exchange, LocalResponse } from '../exchange/exchange.ts';
import type { FailureName } from '../exchange/failure.ts';
import { failures } from '../exchange/failure.ts';
import { queryOf } from '../routing/request-target.ts';
import { forward } from './attempts.ts';
import { locate } from './locate.ts';
import type { Runtime } from './runtime.ts';
import { Serving } from './serving.ts';
import type { Transport } from './transport.ts';

/**
 * The life of an exchange, top to bottom. Resolves when the answer is complete, for a tunnel when it is closed, and
 * never rejects: what throws ends this exchange alone, with 500 and the failure `internal`.
 */
export async function serveExchange(exchange: Exchange, transport: Transport, runtime: Runtime): Promise<void> {
  const serving = new Serving(exchange, transport, runtime);
  try {
    await serve(serving);
  } catch (error) {
    await recover(serving, error);
  } finally {
    finish(serving);
  }
}

async function serve(serving: Serving): Promise<void> {
  const { exchange, runtime } = serving;
  runtime.identify(exchange);
  const found = locate(exchange, runtime);
  if (typeof found === 'string') return fail(serving, found);
  if ('body' in found) return answer(serving, found);
  const { virtualHost, route, pipeline } = found.value;
  exchange.virtualHost = virtualHost;
  exchange.route = route;
  serving.pipeline = pipeline;
  if (found.slashMissing) return answer(serving, addSlash(exchange));
  if (route.action.kind === 'respond') return respond(serving, route.action);
  for (const hook of pipeline.request) {
    const verdict = hook(exchange);
    const local = verdict instanceof Promise ? await verdict : verdict;
    if (local !== undefined) return answer(serving, local);
  }
  return send(serving, route, route.action);
}

async function send(serving: Serving, route: Route, action: RouteAction & { kind: 'forward' }): Promise<void> {
  const upstream = serving.runtime.upstreams.get(action.upstream);
  serving.exchange.upstream = upstream;
  if (upstream === undefined) return fail(serving, 'no-endpoint');
  const failure = await forward(serving, route, upstream);
  if (failure !== undefined) await fail(serving, failure);
}

/** A route that is closed, or that leads nowhere. */
async function respond(serving: Serving, action: RouteAction & { kind: 'respond' }): Promise<void> {
  if (action.status === 404) serving.exchange.failure = 'no-route';
  if (action.status === 503) serving.exchange.failure = 'route-closed';
  return answer(serving, pageResponse(action.status));
}

/** Keeps the query, drops the port, comes before every redirect to https. Source: observed 3. */
function addSlash(exchange: Exchange): LocalResponse {
  const location = `${exchange.scheme}://${exchange.hostName}${exchange.path}/${queryOf(exchange.uri)}`;
  return pageResponse(301, ['Location', location]);
}

/** The only place where a failure becomes an answer. */
async function fail(serving: Serving, failure: FailureName): Promise<void> {
  const { exchange } = serving;
  exchange.failure = failure;
  const { status } = failures[failure];
  exchange.status = status;
  if (failure === 'client-closed') return undefined;
  return answer(serving, pageResponse(status));
}

async function answer(serving: Serving, local: LocalResponse): Promise<void> {
  const { exchange, pipeline, transport } = serving;
  exchange.status = local.status;
  exchange.responseHeaders = [...local.headers];
  for (const hook of pipeline.respond) hook(exchange);
  serving.committed = true;
  return transport.respond(exchange, local.body);
}

/** Something threw. What cannot be saved is this exchange alone; filters that throw once more are left out. */
async function recover(serving: Serving, error: unknown): Promise<void> {
  const { exchange, pipeline, transport } = serving;
  report(serving, error);
  exchange.failure = 'internal';
  if (serving.committed) return;
  const { status, headers, body } = pageResponse(failures.internal.status);
  exchange.status = status;
  exchange.responseHeaders = [...headers];
  serving.committed = true;
  for (const hook of pipeline.respond) guarded(serving, () => hook(exchange));
  try {
    await transport.respond(exchange, body);
  } catch (again) {
    report(serving, again);
  }
}

/** Always, exactly once; one hook that throws does not keep the others from counting. */
function finish(serving: Serving): void {
  const { exchange, pipeline } = serving;
  if (exchange.finished) return;
  exchange.finished = true;
  for (const hook of pipeline.finish) guarded(serving, () => hook(exchange));
}

function guarded(serving: Serving, run: () => void): void {
  try {
    run();
  } catch (error) {
    report(serving, error);
  }
}

function report({ exchange, runtime }: Serving, error: unknown): void {
  try {
    runtime.parts.onBug(error, exchange);
  } catch {
    // A reporter that throws has nobody left to report to.
  }
}
