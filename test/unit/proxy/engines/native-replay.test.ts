import assert from 'node:assert/strict';
import http from 'node:http';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { startEngine } from '../../../support/engine.ts';
import { listenOn } from '../../../support/raw-server.ts';

/** Bodies that go to a second endpoint after the first one has read them and failed. The reference engine keeps none. */

/** The first request of all is read and reset; what comes then is answered with its length. */
async function upstreams(t: TestContext): Promise<{ readonly ports: number[]; readonly lengths: number[] }> {
  const lengths: number[] = [];
  const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    let length = 0;
    request.on('data', (chunk: Buffer) => (length += chunk.length));
    request.on('end', () => {
      lengths.push(length);
      if (lengths.length === 1) request.socket.resetAndDestroy();
      else response.end(`${length}`);
    });
  };
  const ports = [await listenOn(t, http.createServer(serve)), await listenOn(t, http.createServer(serve))];
  return { ports, lengths };
}

async function put(t: TestContext, bytes: number, replayBytes: number, chunked: boolean): Promise<[number, number[]]> {
  const { ports, lengths } = await upstreams(t);
  const policies = { body: { limitBytes: 0, replayBytes } };
  const { httpPort, bugs } = await startEngine(t, 'native', { endpoints: ports, policies });
  const headers = { host: 'h.test', ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes }) };
  const status = await new Promise<number>((resolve, reject) => {
    const request = http.request({ port: httpPort, host: '127.0.0.1', method: 'PUT', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end(Buffer.alloc(bytes));
  });
  assert.deepEqual(bugs, []);
  return [status, lengths];
}

for (const chunked of [false, true]) {
  test(`a body within the buffer is sent once more, ${chunked ? 'in chunks' : 'with a length'}`, async (t) => {
    assert.deepEqual(await put(t, 900_000, 1_000_000, chunked), [200, [900_000, 900_000]]);
    assert.deepEqual(await put(t, 100, 100, chunked), [200, [100, 100]]);
  });

  test(`a body beyond the buffer is not, ${chunked ? 'in chunks' : 'with a length'}`, async (t) => {
    assert.deepEqual(await put(t, 900_000, 800_000, chunked), [502, [900_000]]);
  });

  test(`without a buffer nothing is sent twice, ${chunked ? 'in chunks' : 'with a length'}`, async (t) => {
    assert.deepEqual(await put(t, 100, 0, chunked), [502, [100]]);
  });
}
