import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';

import { ApiError, networkError, responseError } from './api-error.ts';
import type { ClusterAccess, Credentials } from './cluster-access.ts';
import { ConnectionAgents } from './connection-agents.ts';
import type { Timers } from './timers.ts';

/** Deadlines of requests, in milliseconds. */
export interface ApiTimings {
  /** For a new connection. Short: a SYN into the void tries again ever more rarely, and misses a server that is back. */
  readonly connectMs: number;
  /** From the start of the request, connecting included, to the head of the answer. */
  readonly headMs: number;
  /** From the start of the request to the last byte of a list page. */
  readonly pageMs: number;
  /** The same for writes and single objects. */
  readonly writeMs: number;
}

export const apiTimings: ApiTimings = { connectMs: 4_000, headMs: 15_000, pageMs: 60_000, writeMs: 10_000 };

export interface ApiRequest {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'PUT';
  /** Below the server's address, with a leading slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly accept?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

/** A whole answer: parsed JSON and its length in bytes. */
export interface ApiAnswer {
  readonly value: unknown;
  readonly bytes: number;
}

export interface ApiClientOptions {
  readonly access: ClusterAccess;
  readonly timers: Timers;
  readonly userAgent: string;
  readonly timings?: ApiTimings;
}

/**
 * Speaks HTTP/1.1 to one API server: few kept connections, a deadline on everything, fresh credentials after a 401.
 * Every error it throws is an `ApiError`.
 */
export class ApiClient {
  readonly #access: ClusterAccess;
  readonly #timers: Timers;
  readonly #userAgent: string;
  readonly #timings: ApiTimings;
  readonly #agents: ConnectionAgents;

  constructor(options: ApiClientOptions) {
    this.#access = options.access;
    this.#timers = options.timers;
    this.#userAgent = options.userAgent;
    this.#timings = options.timings ?? apiTimings;
    this.#agents = new ConnectionAgents(options.access.server.protocol === 'https:');
  }

  /** Address for messages, without credentials. */
  get server(): string {
    return `${this.#access.server.protocol}//${this.#access.server.host}`;
  }

  /** One answer as JSON, for a list page. @throws ApiError */
  page(request: ApiRequest): Promise<ApiAnswer> {
    return this.#whole(request, this.#timings.pageMs, this.#timings.headMs);
  }

  /** One answer as JSON, for single objects and writes. @param deadlineMs  shorter than usual, for a Lease */
  async send(request: ApiRequest, deadlineMs: number = this.#timings.writeMs): Promise<unknown> {
    return (await this.#whole(request, deadlineMs, Math.min(deadlineMs, this.#timings.headMs))).value;
  }

  /** The answer's head has come and is a success; its body is the caller's. Ends when `request.signal` aborts. */
  stream(request: ApiRequest): Promise<IncomingMessage> {
    return this.#authorised(request, 'stream', this.#timings.headMs);
  }

  /** Closes all connections, also those in use. */
  close(): void {
    this.#agents.close();
  }

  async #whole(request: ApiRequest, deadlineMs: number, headMs: number): Promise<ApiAnswer> {
    const deadline = new AbortController();
    const late = new ApiError('timeout', `no complete answer from ${this.server} within ${deadlineMs / 1000} s`);
    const cancel = this.#timers.after(deadlineMs, () => deadline.abort(late));
    try {
      const signal = AbortSignal.any([request.signal, deadline.signal]);
      const response = await this.#authorised({ ...request, signal }, 'page', headMs);
      const bytes = await bodyOf(response, bodyLimitBytes);
      return { value: parsed(bytes), bytes: bytes.byteLength };
    } catch (error) {
      throw deadline.signal.aborted ? late : networkError(error, `the answer of ${this.server} was cut`);
    } finally {
      cancel();
    }
  }

  /** A 401 may only mean that the token was rotated: read it again and ask once more, at once. */
  async #authorised(request: ApiRequest, use: 'page' | 'stream', headMs: number): Promise<IncomingMessage> {
    const first = await this.#exchange(request, use, headMs);
    if (first.statusCode !== 401) return this.#accepted(first);
    first.resume();
    this.#access.expire();
    return this.#accepted(await this.#exchange(request, use, headMs));
  }

  async #accepted(response: IncomingMessage): Promise<IncomingMessage> {
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const text = (await bodyOf(response, errorLimitBytes)).toString('utf8');
    throw responseError(status, text, response.headers['retry-after'] ?? '');
  }

  async #exchange(request: ApiRequest, use: 'page' | 'stream', headMs: number): Promise<IncomingMessage> {
    const credentials = await this.#access.credentials();
    try {
      return await this.#once(request, credentials, use, headMs);
    } catch (error) {
      // A kept connection that the server closed as we wrote says nothing about the server: a new one does.
      if (!(error instanceof StaleConnection) || request.signal.aborted) throw error;
      return this.#once(request, credentials, use, headMs);
    }
  }

  #once(
    request: ApiRequest,
    credentials: Credentials,
    use: 'page' | 'stream',
    headMs: number,
  ): Promise<IncomingMessage> {
    const { server } = this.#access;
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const agent = credentials.proxy ?? this.#agents.of(credentials.tls)[use];
    const send = server.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const outgoing = send(server, {
        method: request.method,
        path: pathOf(server, request),
        headers: { ...this.#headersOf(request, body), ...credentials.headers },
        agent,
        signal: request.signal,
      });
      const cancel = this.#timers.after(headMs, () =>
        outgoing.destroy(new ApiError('timeout', `no answer from ${this.server} within ${headMs / 1000} s`)),
      );
      outgoing.on('socket', (socket) => this.#prepare(socket, outgoing));
      outgoing.once('response', (response) => {
        cancel();
        resolve(response);
      });
      // Stays for the whole life of the request: an error after the head reaches the response as well.
      outgoing.on('error', (error) => {
        cancel();
        reject(failureOf(error, outgoing, request, `cannot reach ${this.server}`));
      });
      outgoing.end(body);
    });
  }

  #prepare(socket: Socket, outgoing: ClientRequest): void {
    tuneSocket(socket);
    if (!socket.connecting) return;
    const { connectMs } = this.#timings;
    const cancel = this.#timers.after(connectMs, () =>
      outgoing.destroy(new ApiError('timeout', `no connection to ${this.server} within ${connectMs / 1000} s`)),
    );
    socket.once('connect', cancel);
    socket.once('close', cancel);
  }

  #headersOf(request: ApiRequest, body: string | undefined): Record<string, string> {
    const headers: Record<string, string> = {
      Accept: request.accept ?? 'application/json',
      'User-Agent': this.#userAgent,
    };
    if (body === undefined) return headers;
    headers['Content-Type'] = request.contentType ?? 'application/json';
    headers['Content-Length'] = String(Buffer.byteLength(body));
    return headers;
  }
}

/** Largest page or unpaged list that is taken; 50 000 EndpointSlices are about 113 MB. */
const bodyLimitBytes = 512 * 1024 * 1024 - 1024;
const errorLimitBytes = 64 * 1024;
/** After so long without a byte the kernel asks whether the peer is still there; dead ones are found in about 25 s. */
const keepAliveMs = 15_000;

/** A reused connection broke before its answer began. */
class StaleConnection extends ApiError {}

function failureOf(error: unknown, outgoing: ClientRequest, request: ApiRequest, what: string): ApiError {
  const failed = networkError(error, what);
  const stale = outgoing.reusedSocket && request.method === 'GET' && failed.reason === 'ECONNRESET';
  return stale ? new StaleConnection('network', failed.message, { reason: failed.reason, cause: error }) : failed;
}

function pathOf(server: URL, request: ApiRequest): string {
  const base = server.pathname.replace(/\/$/, '');
  const query = request.query === undefined ? '' : `?${new URLSearchParams(request.query).toString()}`;
  return `${base}${request.path}${query}`;
}

/** Options on a socket that is still connecting are lost on the way, so they wait for the connection. */
function tuneSocket(socket: Socket): void {
  const tune = (): void => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
  };
  if (socket.connecting) socket.once('connect', tune);
  else tune();
}

function parsed(bytes: Buffer): unknown {
  if (bytes.byteLength === 0) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return value;
  } catch (error) {
    throw new ApiError('body', 'the answer is not JSON', { cause: error });
  }
}

function bodyOf(response: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const cut = (): void => reject(new ApiError('network', 'the connection was closed inside the answer'));
    if (response.destroyed) return cut();
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > limitBytes) response.destroy(new ApiError('body', `the answer is longer than ${limitBytes} bytes`));
    });
    response.once('end', () => resolve(Buffer.concat(chunks)));
    response.once('error', reject);
    response.once('close', cut);
  });
}
