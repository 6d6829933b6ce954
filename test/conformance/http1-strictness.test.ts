import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';

import { backend, okAnswer, untilEnd } from '../support/backends.ts';
import { startEngine } from '../support/engine.ts';
import { goodVectors, vectors } from '../support/http1-vectors.ts';
import { listenOn } from '../support/raw-server.ts';
import { until } from '../support/until.ts';

/**
 * The vectors of the threat model against the running engine, as one piece and byte by byte. Only for our own engine:
 * the parser of node:http lets a third of them through (threats section 2).
 */

/** Sends bytes one by one, each in a segment of its own as far as the kernel lets us. */
async function drip(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed || !socket.writable) return;
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Answers when it has read all of a request. */
async function patient(t: TestContext): Promise<{ readonly port: number; readonly complete: number }> {
  let complete = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      complete += 1;
      response.end('hi');
    });
  });
  const port = await listenOn(t, server);
  return {
    port,
    get complete() {
      return complete;
    },
  };
}

/** The vectors are for host `a`; the engine of the tests serves `h.test`, so that host is sent. */
function forEngine(input: string): Buffer {
  return Buffer.from(
    input.replaceAll('Host: a\r', 'Host: h.test\r').replaceAll('http://a:80/', 'http://h.test:80/'),
    'latin1',
  );
}

suite('requests', () => {
  for (const { name, input, expected } of vectors) {
    for (const how of ['whole', 'byte by byte'] as const) {
      if (how === 'byte by byte' && input.length > 2_000) continue;
      test(`${name}, ${how}: refused, and nothing reaches an upstream`, async (t) => {
        const upstream = await patient(t);
        const { httpPort, bugs, log } = await startEngine(t, 'native', { endpoints: [upstream.port] });
        const socket = connect({ port: httpPort, host: '127.0.0.1', noDelay: true });
        const ended = untilEnd(socket);
        if (how === 'whole') socket.write(forEngine(input));
        else await drip(socket, forEngine(input));
        const { text } = await ended;
        assert.equal(Number(text.slice(9, 12)), expected);
        assert.match(text, /\r\nConnection: close\r\n/);
        assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, 'one answer, and the connection ends');
        await until(() => (log.length > 0 ? true : undefined));
        assert.deepEqual(bugs, []);
        assert.equal(upstream.complete, 0);
      });
    }
  }

  for (const { name, input, expected } of goodVectors) {
    test(`${name}: served, byte by byte`, async (t) => {
      const count = typeof expected === 'number' ? 0 : expected.forwarded;
      const upstream = await patient(t);
      const { httpPort } = await startEngine(t, 'native', { endpoints: [upstream.port] });
      const socket = connect({ port: httpPort, host: '127.0.0.1', noDelay: true });
      let answers = '';
      socket.on('data', (chunk: Buffer) => {
        answers += chunk.toString('latin1');
      });
      await drip(socket, forEngine(input));
      await until(() => (answers.match(/HTTP\/1\.1 \d/g)?.length === count ? true : undefined));
      // The others are for hosts that no route names, and answered all the same.
      assert.equal(upstream.complete, input.includes('Host: a') ? count : 0);
      socket.destroy();
    });
  }
});

suite('upstreams', () => {
  test('an answer that was there before the request is not its answer', async (t) => {
    let connections = 0;
    const upstream = await backend(t, (socket, head) => {
      if (socket.listenerCount('poisoned') === 0) {
        connections += 1;
        socket.on('poisoned', () => undefined);
        // Else the kernel holds the second answer back until our next request acknowledges the first.
        socket.setNoDelay(true);
      }
      socket.write(okAnswer(/^GET (\S+)/.exec(head)?.[1] ?? ''));
      // In a segment of its own, right behind the answer.
      if (head.includes('/poison')) process.nextTick(() => socket.write(okAnswer('poison')));
    });
    const { httpPort } = await startEngine(t, 'native', { endpoints: [upstream.port] });
    for (let round = 0; round < 40; round += 1) {
      const path = round % 2 === 0 ? '/poison' : `/${round}`;
      const socket = connect(httpPort, '127.0.0.1');
      const ended = untilEnd(socket);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n`);
      const { text } = await ended;
      assert.ok(text.endsWith(`\r\n\r\n${path}`), `${path} got ${JSON.stringify(text.slice(-20))}`);
    }
    assert.ok(connections > 20, 'a poisoned connection is not used again');
  });

  test('two answers to one request: the second is never relayed', async (t) => {
    const upstream = await backend(t, (socket) => void socket.write(okAnswer('1') + okAnswer('2')));
    const { httpPort } = await startEngine(t, 'native', { endpoints: [upstream.port] });
    const socket = connect(httpPort, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n'.repeat(3));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    await until(() => (text.match(/\r\n\r\n1/g)?.length === 3 ? true : undefined));
    assert.doesNotMatch(text, /\r\n\r\n2/);
    socket.destroy();
  });
});

suite('many at once', () => {
  test('pipelined requests are answered in order, one after the other', async (t) => {
    const upstream = await backend(
      t,
      (socket, head) => void socket.write(okAnswer(/^GET \/(\d+)/.exec(head)?.[1] ?? '')),
    );
    const { httpPort } = await startEngine(t, 'native', { endpoints: [upstream.port] });
    const socket = connect(httpPort, '127.0.0.1');
    const count = 2_000;
    socket.write(Array.from({ length: count }, (_, at) => `GET /${at} HTTP/1.1\r\nHost: h.test\r\n\r\n`).join(''));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    await until(() => (text.endsWith(`\r\n\r\n${count - 1}`) ? true : undefined));
    const bodies = [...text.matchAll(/\r\n\r\n(\d+)/g)].map((match) => Number(match[1]));
    assert.deepEqual(
      bodies,
      Array.from({ length: count }, (_, at) => at),
    );
    assert.equal(upstream.accepted, 1);
    socket.destroy();
  });

  test('a client that pipelines and does not read makes nobody hold its answers', async (t) => {
    let served = 0;
    const upstream = await backend(t, (socket) => {
      served += 1;
      socket.write(okAnswer('x'.repeat(50_000)));
    });
    const { httpPort } = await startEngine(t, 'native', { endpoints: [upstream.port] });
    const socket = connect(httpPort, '127.0.0.1');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n'.repeat(5_000));
    let before = -1;
    await until(() => {
      const rests = served === before && served > 0;
      before = served;
      return rests ? true : undefined;
    });
    // 50 KB each: what fits into the sockets' buffers, and not 250 MB.
    assert.ok(served < 400, `${served} of 5,000 were served`);
    socket.destroy();
    await once(socket, 'close');
  });

  test('downloads that are reset at any point leave nothing behind', async (t) => {
    // More than the kernel takes: else the answer is complete, and its upstream's connection is rightly kept.
    const body = Buffer.alloc(50_000_000);
    const upstream = await backend(t, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    const { engine, httpPort, bugs, log, counters } = await startEngine(t, 'native', { endpoints: [upstream.port] });
    const count = 300;
    for (let round = 0; round < count / 20; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, at) => {
          const socket = connect(httpPort, '127.0.0.1');
          const ended = untilEnd(socket);
          socket.write('GET /cut HTTP/1.1\r\nHost: h.test\r\n\r\n');
          if (at % 4 !== 0) await once(socket, 'data');
          socket.resetAndDestroy();
          await ended;
        }),
      );
    }
    await until(() => (upstream.open.size === 0 ? true : undefined));
    await until(() => {
      engine.report();
      const active = counters.samples().find((one) => one.labels[0] === 'active')?.values[0];
      return active === 0 ? true : undefined;
    });
    assert.deepEqual(bugs, []);
    assert.ok(log.every((one) => one.failure === 'client-closed' || one.status === 200));
  });
});
