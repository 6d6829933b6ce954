import assert from 'node:assert/strict';
import http from 'node:http';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { ingress, service, yaml } from '../support/manifests.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { listenOn } from '../support/raw-server.ts';

/** How large the body of a request may be. */

async function start(t: TestContext, args: readonly string[] = []): Promise<Program> {
  const server = http.createServer((request, response) => {
    let length = 0;
    request.on('data', (chunk: Buffer) => (length += chunk.length));
    request.on('end', () => response.end(`${length}`));
    request.on('error', () => undefined);
  });
  const port = await listenOn(t, server);
  const withSize = (name: string, size: string): object =>
    ingress({ name, host: `${name}.test`, annotations: { 'proxy-body-size': size } });
  const objects = [
    ...service('web', [{ port }]),
    ingress({ host: 'usual.test' }),
    withSize('small', '8k'),
    withSize('any', '0'),
  ];
  return await startProgram(t, { args, manifests: { 'web.yaml': yaml(...objects) } });
}

/** Status and body of the answer to an upload. */
function upload(program: Program, host: string, bytes: number, chunked = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const framing = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes };
    const options = { port: program.httpPort, host: '127.0.0.1', method: 'POST', headers: { host, ...framing } };
    const request = http.request(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(`${response.statusCode} ${text.slice(0, 10)}`));
    });
    request.on('error', reject);
    request.end(Buffer.alloc(bytes));
  });
}

const mebibyte = 1024 * 1024;

test('a body of 1 MiB is served, one more byte is 413, as in ingress-nginx', async (t) => {
  const program = await start(t);
  assert.equal(await upload(program, 'usual.test', mebibyte), `200 ${mebibyte}`);
  assert.match(await upload(program, 'usual.test', mebibyte + 1), /^413 <html>/);
  assert.match(await upload(program, 'usual.test', mebibyte + 1, true), /^413 <html>/);
  const line = await program.accessLog.next({ status: 413 });
  assert.equal(line['failure'], 'body-too-large');
});

test('an annotation lowers the limit, raises it, or takes it away', async (t) => {
  const program = await start(t);
  assert.equal(await upload(program, 'small.test', 8192), '200 8192');
  assert.match(await upload(program, 'small.test', 8193), /^413 /);
  assert.match(await upload(program, 'small.test', 9000, true), /^413 /);
  assert.equal(await upload(program, 'any.test', 5 * mebibyte), `200 ${5 * mebibyte}`);
  assert.equal(await upload(program, 'any.test', 5 * mebibyte, true), `200 ${5 * mebibyte}`);
});

test('a setting moves the limit of everybody', async (t) => {
  const program = await start(t, ['--proxy-body-size=2m']);
  assert.equal(await upload(program, 'usual.test', 2 * mebibyte), `200 ${2 * mebibyte}`);
  assert.match(await upload(program, 'usual.test', 2 * mebibyte + 1), /^413 /);
  assert.match(await upload(program, 'small.test', 8193), /^413 /);
});

test('a client that sends fifty times too much sees its 413', async (t) => {
  const program = await start(t);
  for (let round = 0; round < 10; round += 1) {
    assert.match(await upload(program, 'usual.test', 50 * mebibyte), /^413 /);
  }
});
