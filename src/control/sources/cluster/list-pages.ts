import type { ApiAnswer, ApiClient } from './api-client.ts';
import { ApiError, asApiError, isGone } from './api-error.ts';
import type { Held } from './held-objects.ts';
import type { JsonObject } from './json.ts';
import { isJsonObject, objectAt, textAt } from './json.ts';
import type { Scope } from './resources.ts';
import { pathOf, selectorsOf } from './resources.ts';
import { nextTurn } from './timers.ts';

export interface ListRequest<T> {
  readonly client: ApiClient;
  readonly scope: Scope;
  readonly pageSize: number;
  /** Version that the list must not be older than; empty asks for the newest state. */
  readonly notOlderThan: string;
  readonly signal: AbortSignal;
  readonly accept?: string;
  /** Makes the object of one item, or says with `undefined` that it is none (which it counts). */
  readonly take: (item: JsonObject, bytes: number) => Held<T> | undefined;
  /** Waits before the same page is asked for again. */
  readonly retry: (error: ApiError) => Promise<void>;
}

export interface ListResult<T> {
  /** Version from which a watch continues. */
  readonly resourceVersion: string;
  /** By `namespace/name`. */
  readonly objects: ReadonlyMap<string, Held<T>>;
}

const restarts = 3;
const triesPerPage = 3;
/** Longest piece of work between two turns of the event loop. */
const sliceItems = 50;

/**
 * The complete set of a scope, page by page. A page that was cut is asked for again; a page token that expired means
 * that the list begins anew, in the end without pages.
 * @throws ApiError
 */
export async function listPages<T>(request: ListRequest<T>): Promise<ListResult<T>> {
  for (let restart = 0; ; restart += 1) {
    const limit = restart <= restarts ? request.pageSize : 0;
    const result = await allPages(request, limit);
    if (result !== undefined) return result;
  }
}

/** Undefined when a page token expired. */
async function allPages<T>(request: ListRequest<T>, limit: number): Promise<ListResult<T> | undefined> {
  const objects = new Map<string, Held<T>>();
  let resourceVersion = '';
  let token = '';
  do {
    const page = await onePage(request, queryOf(request, limit, token));
    if (page === 'expired') {
      if (limit === 0) throw new ApiError('body', 'an unpaged list was answered with a page token that expired');
      return undefined;
    }
    await takeItems(request, page, objects);
    // All pages show the state of the first one; should they not, the oldest version is the safe one to continue from.
    if (resourceVersion === '') resourceVersion = page.resourceVersion;
    token = page.token;
    await nextTurn();
  } while (token !== '');
  return { resourceVersion, objects };
}

function queryOf<T>(request: ListRequest<T>, limit: number, token: string): Record<string, string> {
  const query: Record<string, string> = selectorsOf(request.scope);
  if (limit > 0) query['limit'] = String(limit);
  // The API server refuses a version together with a page token.
  if (token !== '') return { ...query, continue: token };
  if (request.notOlderThan === '') return query;
  return { ...query, resourceVersion: request.notOlderThan, resourceVersionMatch: 'NotOlderThan' };
}

interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  readonly token: string;
  readonly bytes: number;
}

async function onePage<T>(request: ListRequest<T>, query: Record<string, string>): Promise<Page | 'expired'> {
  for (let tries = 1; ; tries += 1) {
    try {
      const path = pathOf(request.scope.resource, request.scope.namespace);
      const accept = request.accept === undefined ? {} : { accept: request.accept };
      return pageOf(await request.client.page({ method: 'GET', path, query, signal: request.signal, ...accept }));
    } catch (error) {
      const failed = asApiError(error);
      if (isGone(failed) && query['continue'] !== undefined) return 'expired';
      if (tries === triesPerPage || !passes(failed) || request.signal.aborted) throw failed;
      await request.retry(failed);
    }
  }
}

/** Cuts and busy servers pass; a refusal does not become an acceptance by asking again. */
function passes(error: ApiError): boolean {
  return error.failure !== 'status' || error.status === 429 || error.status >= 500;
}

function pageOf(answer: ApiAnswer): Page {
  const body = answer.value;
  const metadata = objectAt(body, 'metadata');
  const resourceVersion = textAt(metadata, 'resourceVersion');
  const items: unknown = isJsonObject(body) ? body['items'] : undefined;
  // Go writes an empty list as null; anything else is not a list, and must not be taken for an empty one.
  const list: readonly unknown[] | undefined = Array.isArray(items) ? items : items === null ? [] : undefined;
  if (list === undefined || resourceVersion === '') {
    throw new ApiError('body', 'the answer is not a list: it has no items or no resourceVersion');
  }
  return { items: list, resourceVersion, token: textAt(metadata, 'continue'), bytes: answer.bytes };
}

async function takeItems<T>(request: ListRequest<T>, page: Page, objects: Map<string, Held<T>>): Promise<void> {
  const bytesEach = Math.round(page.bytes / Math.max(1, page.items.length));
  let taken = 0;
  for (const item of page.items) {
    const held = request.take(isJsonObject(item) ? item : {}, bytesEach);
    if (held !== undefined) objects.set(held.key, held);
    taken += 1;
    if (taken % sliceItems === 0) await nextTurn();
  }
}
