import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';

import { apiServer, environment } from './environment.ts';
import { at, textAt } from './json.ts';

/** Who asks: the cluster's administrator, or the holder of a ServiceAccount token. */
export type Credentials = 'admin' | { readonly token: string; readonly impersonate?: string };

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

const REQUEST_DEADLINE_MS = 20_000;
const WATCH_AGAIN_AFTER_MS = 200;

const authority = readFileSync(join(environment.run, 'pki/ca.crt'));
const adminAgent = new Agent({
  keepAlive: true,
  ca: authority,
  cert: readFileSync(join(environment.run, 'pki/admin.crt')),
  key: readFileSync(join(environment.run, 'pki/admin.key')),
});
const tokenAgent = new Agent({ keepAlive: true, ca: authority });

/**
 * One request to the API server.
 * @param path  with its query, from `/api` on
 * @param body  JSON; a PATCH is a merge patch
 * @throws when there is no answer; an answer with an error status is an answer
 */
export async function callApi(
  method: string,
  path: string,
  body?: unknown,
  credentials: Credentials = 'admin',
): Promise<ApiAnswer> {
  const response = await send(method, path, body, credentials);
  const chunks: string[] = [];
  for await (const chunk of response.setEncoding('utf8')) {
    chunks.push(String(chunk));
  }
  const text = chunks.join('');
  const json = response.headers['content-type']?.includes('json') === true;
  return { status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text };
}

/** The object or list at a path of the API. @throws unless the status is 200 */
export async function getObject(path: string): Promise<unknown> {
  const { status, body } = await callApi('GET', path);
  if (status !== 200) {
    throw new Error(`GET ${path}: ${status} ${textAt(body, 'message')}`);
  }
  return body;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
  readonly receivedMs: number;
}

/**
 * Follows a collection until it is stopped, over ends of the connection and of the API server.
 * Every new connection starts with the whole collection as ADDED events.
 * @param path  of the collection, without a query
 */
export function watchObjects(path: string, query: string, onEvent: (event: WatchEvent) => void): { stop(): void } {
  let stopped = false;
  let response: IncomingMessage | undefined;
  const follow = async (): Promise<void> => {
    response = await send('GET', `${path}?watch=true&${query}`, undefined, 'admin');
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const event: unknown = JSON.parse(line);
        onEvent({ type: textAt(event, 'type'), object: at(event, 'object'), receivedMs: Date.now() });
      }
    }
  };
  const loop = (): void => {
    if (!stopped) {
      follow()
        .catch(() => undefined)
        .finally(() => setTimeout(loop, WATCH_AGAIN_AFTER_MS));
    }
  };
  loop();
  return {
    stop(): void {
      stopped = true;
      response?.destroy();
    },
  };
}

async function send(method: string, path: string, body: unknown, credentials: Credentials): Promise<IncomingMessage> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers: Record<string, string | number> = { accept: 'application/json' };
  if (body !== undefined) {
    headers['content-type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    headers['content-length'] = Buffer.byteLength(text);
  }
  if (credentials !== 'admin') {
    headers['authorization'] = `Bearer ${credentials.token}`;
    if (credentials.impersonate !== undefined) {
      headers['impersonate-user'] = credentials.impersonate;
    }
  }
  const agent = credentials === 'admin' ? adminAgent : tokenAgent;
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request({ ...apiServer, method, path, headers, agent }, resolve);
    const timer = setTimeout(
      () => call.destroy(new Error(`${method} ${path}: no answer in time`)),
      REQUEST_DEADLINE_MS,
    );
    call.on('response', () => clearTimeout(timer));
    call.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    call.end(text);
  });
}
