import http from 'node:http';

import type { Program } from './program.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request, on a connection of its own unless an agent is given. */
export function get(program: Program, path = '/', agent: http.Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { port: program.httpPort, host: '127.0.0.1', path, headers: { host: 'shop.test' }, agent };
    const request = http.get({ ...options, timeout: 20_000 }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
  });
}

export interface LoadOutcome {
  readonly ok: number;
  /** Names of errors, or status and body of answers that are not 200. */
  readonly errors: readonly string[];
  /** Of the requests that were answered with 200. */
  readonly longestMs: number;
}

/** Requests one after another by several clients, until `stop`; on new connections unless an agent is given. */
export function load(
  program: Program,
  clients: number,
  agent: http.Agent | false = false,
): { stop(): Promise<LoadOutcome> } {
  const traffic = { isOn: true };
  // A test that fails before it stops the load must not keep the process alive.
  void program.ended.then(() => (traffic.isOn = false));
  const outcome = { ok: 0, errors: [] as string[], longestMs: 0 };
  const client = async (): Promise<void> => {
    while (traffic.isOn) {
      const began = performance.now();
      try {
        const { body, status } = await get(program, '/', agent);
        if (status === 200) {
          outcome.ok += 1;
          outcome.longestMs = Math.max(outcome.longestMs, performance.now() - began);
        } else outcome.errors.push(`${status} ${body}`);
      } catch (error) {
        outcome.errors.push((error as NodeJS.ErrnoException).code ?? String(error));
      }
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    stop: async () => {
      traffic.isOn = false;
      await all;
      return outcome;
    },
  };
}
