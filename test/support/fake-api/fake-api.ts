import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

import type { FakeInput, FakeObject } from './fake-store.ts';
import { FakeStore } from './fake-store.ts';
import { OpenWatch } from './open-watch.ts';
import type { Attributes, Right } from './rights.ts';
import { isAllowed } from './rights.ts';
import { selectedName, selectionOf } from './selectors.ts';

/** What one request asked for. */
export interface FakeRequest extends Attributes {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string;
  readonly accept: string;
  readonly body: unknown;
  /** Milliseconds since the server started. */
  readonly at: number;
}

/** A fault for requests that match; it is used up after `times`. */
export interface Fault {
  readonly verb?: string;
  readonly resource?: string;
  /** Only requests for which this is true. */
  readonly when?: (request: FakeRequest) => boolean;
  readonly times?: number;
  readonly act: (response: ServerResponse, request: FakeRequest, socket: Socket) => void;
}

export interface FakeApiOptions {
  /** `refused`: 422 as before 1.32 with the gate off. `ignored`: as before 1.27. */
  readonly streamedLists?: 'served' | 'refused' | 'ignored';
  /** Only what is allowed; absent, everything. */
  readonly rights?: readonly Right[];
  /** Accepted bearer tokens; absent, everybody. */
  readonly tokens?: readonly string[];
  readonly tls?: { readonly key: string; readonly cert: string };
  /** False: a cluster that serves core Endpoints only. */
  readonly endpointSlices?: boolean;
  readonly port?: number;
}

interface Events {
  watch: [OpenWatch, FakeRequest];
  request: [FakeRequest];
}

/**
 * An API server that lists, watches, creates and patches, and that fails in every way a real one may, when a test says
 * so. Objects are not checked; versions, pages, selectors, bookmarks and rights are as in Kubernetes.
 */
export class FakeApi extends EventEmitter<Events> {
  readonly store: FakeStore = new FakeStore();
  readonly requests: FakeRequest[] = [];
  readonly forbidden: FakeRequest[] = [];
  readonly watches: OpenWatch[] = [];
  connections = 0;
  tokens: readonly string[] | undefined;
  rights: readonly Right[] | undefined;
  streamedLists: 'served' | 'refused' | 'ignored';
  readonly #options: FakeApiOptions;
  readonly #startedAt: number = performance.now();
  readonly #sockets: Set<Socket> = new Set();
  #faults: { fault: Fault; left: number }[] = [];
  #pages: Map<string, { items: FakeObject[]; version: number }> = new Map();
  #server: Server | undefined;
  #port = 0;

  constructor(options: FakeApiOptions = {}) {
    super();
    this.#options = options;
    this.#port = options.port ?? 0;
    this.tokens = options.tokens;
    this.rights = options.rights;
    this.streamedLists = options.streamedLists ?? 'served';
    this.store.onEvent((event) => {
      for (const watch of this.openWatches()) watch.event(event);
    });
  }

  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** May be called again after `stop`, on the same port and with the same objects. */
  async start(): Promise<this> {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    };
    const { tls } = this.#options;
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Cuts everything; the objects stay. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  openWatches(resource?: string): OpenWatch[] {
    return this.watches.filter((watch) => !watch.closed && (resource === undefined || watch.resource === resource));
  }

  set(resource: string, input: FakeInput): FakeObject {
    return this.store.set(resource, input);
  }

  delete(resource: string, namespace: string, name: string): boolean {
    return this.store.delete(resource, namespace, name);
  }

  /** Later faults go first. */
  inject(fault: Fault): void {
    this.#faults.unshift({ fault, left: fault.times ?? Infinity });
  }

  heal(): void {
    this.#faults = [];
  }

  /** Page tokens that are in somebody's hands answer 410 from now on. */
  expirePages(): void {
    this.#pages = new Map();
  }

  count(verb: string, resource: string): number {
    return this.requests.filter((request) => request.verb === verb && request.resource === resource).length;
  }

  /** Resolves with the next watch of a resource that opens from now on. */
  async nextWatch(resource: string): Promise<OpenWatch> {
    for (;;) {
      const [watch] = await once(this, 'watch');
      if ((watch as OpenWatch).resource === resource) return watch as OpenWatch;
    }
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await this.#read(incoming);
    this.requests.push(request);
    this.emit('request', request);
    const fault = this.#faults.find(({ fault, left }) => left > 0 && applies(fault, request));
    if (fault !== undefined) {
      fault.left -= 1;
      return fault.fault.act(response, request, incoming.socket);
    }
    if (this.tokens !== undefined && !this.tokens.includes(request.token)) {
      return sendStatus(response, 401, 'Unauthorized');
    }
    if (request.resource === '') return this.#discovery(request, response);
    if (this.rights !== undefined && !isAllowed(this.rights, request)) {
      this.forbidden.push(request);
      return sendStatus(response, 403, 'Forbidden', `${request.verb} ${request.resource} is forbidden`);
    }
    this.#answer(request, response);
  }

  async #read(incoming: IncomingMessage): Promise<FakeRequest> {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    let text = '';
    for await (const chunk of incoming) text += String(chunk);
    return {
      ...attributesOf(incoming.method ?? 'GET', url),
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      token: (incoming.headers.authorization ?? '').replace('Bearer ', ''),
      accept: incoming.headers.accept ?? '',
      body: text === '' ? undefined : JSON.parse(text),
      at: performance.now() - this.#startedAt,
    };
  }

  #discovery(request: FakeRequest, response: ServerResponse): void {
    if (request.path === '/apis/discovery.k8s.io/v1' && this.#options.endpointSlices !== false) {
      return sendJson(response, 200, { kind: 'APIResourceList', resources: [{ name: 'endpointslices' }] });
    }
    sendStatus(response, 404, 'NotFound');
  }

  #answer(request: FakeRequest, response: ServerResponse): void {
    switch (request.verb) {
      case 'list':
        return this.#list(request, response);
      case 'watch':
        return this.#watch(request, response);
      case 'get':
        return this.#get(request, response);
      default:
        return this.#write(request, response);
    }
  }

  #list(request: FakeRequest, response: ServerResponse): void {
    const { query } = request;
    const wanted = Number(query.get('resourceVersion') ?? '0');
    if (wanted > this.store.version) return sendTooLarge(response);
    const token = query.get('continue');
    const page = token === null ? this.#firstPage(request) : this.#pages.get(token);
    if (page === undefined) return sendStatus(response, 410, 'Expired', 'The provided continue parameter is too old');
    const limit = Number(query.get('limit') ?? '0') || Infinity;
    const items = page.items.slice(0, limit);
    const rest = page.items.slice(items.length);
    const next = rest.length === 0 ? '' : `page-${this.#pages.size}-${this.requests.length}`;
    if (next !== '') this.#pages.set(next, { items: rest, version: page.version });
    sendJson(response, 200, {
      kind: 'List',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(page.version), ...(next === '' ? {} : { continue: next }) },
      items: request.accept.includes('as=PartialObjectMetadataList')
        ? items.map(({ metadata }) => ({ metadata }))
        : items,
    });
  }

  #firstPage(request: FakeRequest): { items: FakeObject[]; version: number } {
    const selected = selectionOf(request.namespace, request.query);
    return { items: this.store.list(collectionOf(request)).filter(selected), version: this.store.version };
  }

  #watch(request: FakeRequest, response: ServerResponse): void {
    const { query } = request;
    const streaming = query.get('sendInitialEvents') === 'true';
    if (streaming && this.streamedLists === 'refused') {
      return sendStatus(response, 422, 'Invalid', 'sendInitialEvents: Forbidden: is forbidden for watch');
    }
    const version = query.get('resourceVersion') ?? '';
    if (version !== '' && !/^\d+$/.test(version)) return sendStatus(response, 400, 'BadRequest', 'invalid version');
    if (Number(version) > this.store.version) return sendTooLarge(response);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watch = new OpenWatch(collectionOf(request), response, selectionOf(request.namespace, query));
    if (version !== '' && Number(version) < this.store.compactedVersion && !streaming) {
      watch.error(410, 'Expired', `too old resource version: ${version} (${this.store.compactedVersion})`);
      return watch.end();
    }
    if (streaming || version === '') watch.objects(this.store.list(collectionOf(request)));
    else for (const event of this.store.since(Number(version))) watch.event(event);
    if (streaming && this.streamedLists === 'served') {
      watch.bookmark(this.store.version, { 'k8s.io/initial-events-end': 'true' });
    }
    this.watches.push(watch);
    const seconds = Number(query.get('timeoutSeconds') ?? '1800');
    setTimeout(() => watch.end(), seconds * 1000).unref();
    this.emit('watch', watch, request);
  }

  #get(request: FakeRequest, response: ServerResponse): void {
    const found = this.store.get(collectionOf(request), request.namespace, request.name ?? '');
    if (found === undefined) return sendStatus(response, 404, 'NotFound');
    sendJson(response, 200, found);
  }

  #write(request: FakeRequest, response: ServerResponse): void {
    const body = request.body as FakeInput;
    const collection = collectionOf(request);
    const name = request.name ?? body.metadata.name;
    const known = this.store.get(collection, request.namespace, name);
    if (request.verb === 'create') {
      if (known !== undefined) return sendStatus(response, 409, 'AlreadyExists');
      return sendJson(response, 201, this.store.set(collection, withNamespace(body, request.namespace)));
    }
    if (known === undefined) return sendStatus(response, 404, 'NotFound');
    const expected = (body.metadata as { resourceVersion?: string } | undefined)?.resourceVersion;
    if (expected !== undefined && expected !== known.metadata.resourceVersion) {
      return sendStatus(response, 409, 'Conflict', 'the object has been modified');
    }
    const next = request.verb === 'update' ? withNamespace(body, request.namespace) : merged(known, body);
    sendJson(response, 200, this.store.set(collection, next as FakeInput));
  }
}

function applies(fault: Fault, request: FakeRequest): boolean {
  return (
    (fault.verb === undefined || fault.verb === request.verb) &&
    (fault.resource === undefined || fault.resource === request.resource) &&
    (fault.when === undefined || fault.when(request))
  );
}

/** `networking.k8s.io/ingresses`; the status subresource is a part of the same object. */
function collectionOf(request: Attributes): string {
  const plural = request.resource.replace(/\/.*$/, '');
  return request.group === '' ? plural : `${request.group}/${plural}`;
}

/** Source: Kubernetes "Request verbs and authorization". */
function attributesOf(method: string, url: URL): Attributes {
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const group = parts[0] === 'api' ? '' : (parts[1] ?? '');
  const rest = parts[0] === 'api' ? parts.slice(2) : parts.slice(3);
  const namespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [plural = '', name, sub] = namespaced ? rest.slice(2) : rest;
  const watching = url.searchParams.get('watch') === '1' || url.searchParams.get('watch') === 'true';
  const verbs: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
  const reading = name === undefined ? (watching ? 'watch' : 'list') : 'get';
  return {
    group,
    resource: sub === undefined ? plural : `${plural}/${sub}`,
    verb: verbs[method] ?? reading,
    namespace: namespaced ? (rest[1] ?? '') : '',
    name: name ?? selectedName(url.searchParams),
  };
}

function withNamespace(input: FakeInput, namespace: string): FakeInput {
  return namespace === '' ? input : { ...input, metadata: { ...input.metadata, namespace } };
}

/** JSON merge patch, RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** A Status object, as every error of the API server is one. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string = reason,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }));
}

function sendTooLarge(response: ServerResponse): void {
  sendJson(response, 504, {
    kind: 'Status',
    code: 504,
    reason: 'Timeout',
    message: 'Too large resource version',
    details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
  });
}
