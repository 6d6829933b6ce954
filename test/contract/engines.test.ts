import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';
import { connect as connectSecurely } from 'node:tls';

import { WebSocket } from 'ws';

import type { Clock } from '../../src/lib/clock.ts';
import type { Certificate } from '../../src/model/certificate.ts';
import { certificateId } from '../../src/model/ids.ts';
import type { EngineName } from '../../src/proxy/engines/engine.ts';
import { engines } from '../../src/proxy/engines/table.ts';
import {
  answering,
  backend,
  blackHole,
  hanging,
  hashing,
  okAnswer,
  refusing,
  resetting,
  untilEnd,
  webSocketEcho,
} from '../support/backends.ts';
import type { RunningEngine, SnapshotParts } from '../support/engine.ts';
import { startEngine } from '../support/engine.ts';
import { listenOn, rawServer } from '../support/raw-server.ts';
import { slowness } from '../support/slowness.ts';
import { makeCertificate } from '../support/test-certificates.ts';
import { until } from '../support/until.ts';

/** What every engine does with clients and upstreams that behave, and with those that do not. */

const timeouts = { connectMs: 500, sendMs: 500, readMs: 500 };

/** Sends these bytes and returns all that came back until the connection ended. */
async function exchangeRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const answer = untilEnd(socket);
  socket.write(bytes, 'latin1');
  return (await answer).text;
}

function get(target: string, ...fields: string[]): string {
  return request('GET', target, ...fields);
}

function request(method: string, target: string, ...fields: string[]): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: h.test', ...fields, 'Connection: close'];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function statusOf(answer: string): number {
  return Number(answer.slice(9, 12));
}

function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

/** One request over node:http's own client, which parses the answer. */
async function fetchFrom(
  port: number,
  options: http.RequestOptions,
  body?: Buffer,
): Promise<{ readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly body: Buffer }> {
  const sent = http.request({ host: '127.0.0.1', port, headers: { host: 'h.test' }, ...options });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

for (const name of Object.keys(engines) as EngineName[]) {
  const start = (t: TestContext, parts: SnapshotParts): Promise<RunningEngine> => startEngine(t, name, parts);

  suite(`engine ${name}: heads`, () => {
    test('the request head goes out as the filters made it, byte for byte', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const sent = get('/a//b%2f?x=/&y', 'aCCept: */*', 'Cookie: a', 'X-One: \u00fc', '1: digit', 'cookie: b');
      await exchangeRaw(httpPort, sent);
      const lines = upstream.heads[0]?.split('\r\n') ?? [];
      assert.equal(lines[0], 'GET /a//b%2f?x=/&y HTTP/1.1');
      assert.deepEqual(
        lines.slice(1, 10).map((line) => line.split(':')[0]),
        [
          'Host',
          'X-Request-ID',
          'X-Real-IP',
          'X-Forwarded-For',
          'X-Forwarded-Host',
          'X-Forwarded-Port',
          'X-Forwarded-Proto',
          'X-Forwarded-Scheme',
          'X-Scheme',
        ],
      );
      // A request without upgrade has no Connection, and one without body no framing (observed 8).
      assert.deepEqual(lines.slice(10), ['aCCept: */*', 'Cookie: a', 'X-One: \u00fc', '1: digit', 'cookie: b', '', '']);
    });

    test('the answer keeps order, spelling, reason and repeated fields; Date is ours', async (t) => {
      const head = ['date: then', 'X-b: 1', 'Set-Cookie: a', 'x-C: \u00e9', 'set-cookie: b', 'Keep-Alive: timeout=5'];
      const upstream = await answering(t, `HTTP/1.1 200 Fine\r\n${head.join('\r\n')}\r\nContent-Length: 2\r\n\r\nhi`);
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const answer = await exchangeRaw(httpPort, get('/'));
      const lines = answer.split('\r\n');
      assert.equal(lines[0], 'HTTP/1.1 200 Fine');
      assert.match(lines[1] ?? '', /^Date: \w{3}, \d\d \w{3} \d{4} /);
      assert.deepEqual(
        lines.slice(2).filter((line) => !line.startsWith('Connection')),
        ['X-b: 1', 'Set-Cookie: a', 'x-C: \u00e9', 'set-cookie: b', 'Content-Length: 2', '', 'hi'],
      );
    });

    test('HEAD, 204 and 304 have a head and nothing behind it', async (t) => {
      const upstream = await backend(t, (socket, head) => {
        const status = /^GET \/(\d+)/.exec(head)?.[1];
        if (status === undefined) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
        else socket.write(`HTTP/1.1 ${status} X\r\nETag: "a"\r\n\r\n`);
      });
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const head = await exchangeRaw(httpPort, request('HEAD', '/'));
      assert.match(head, /\r\nContent-Length: 5\r\n/);
      assert.equal(bodyOf(head), '');
      for (const status of ['204', '304']) {
        const answer = await exchangeRaw(httpPort, get(`/${status}`));
        assert.equal(statusOf(answer), Number(status));
        assert.equal(bodyOf(answer), '');
        assert.doesNotMatch(answer, /Transfer-Encoding|Content-Length/i);
      }
      assert.equal(upstream.accepted, 1, 'the connection is used again after each');
    });

    test('an HTTP/1.0 client gets no chunks, and its connection ends', async (t) => {
      const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
      const upstream = await answering(t, chunked);
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const answer = await exchangeRaw(httpPort, 'GET / HTTP/1.0\r\nHost: h.test\r\n\r\n');
      assert.match(answer, /\r\nConnection: close\r\n/);
      assert.doesNotMatch(answer, /Transfer-Encoding/i);
      assert.equal(bodyOf(answer), 'abc');
    });

    test('an HTTP/1.0 client that asks to keep its connection keeps it', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const socket = connect(httpPort, '127.0.0.1');
      socket.write('GET /1 HTTP/1.0\r\nHost: h.test\r\nConnection: keep-alive\r\n\r\n');
      const [first] = (await once(socket, 'data')) as [Buffer];
      assert.match(first.toString(), /\r\nConnection: keep-alive\r\n/);
      socket.write('GET /2 HTTP/1.0\r\nHost: h.test\r\n\r\n');
      const rest = await untilEnd(socket);
      assert.equal(statusOf(rest.text), 200);
    });
  });

  suite(`engine ${name}: bodies`, () => {
    test('a body arrives whole, with a length and in chunks', async (t) => {
      const upstream = await hashing(t);
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const body = randomBytes(3_000_000);
      const hash = createHash('sha256').update(body).digest('hex');
      for (const framing of [{ 'content-length': `${body.length}` }, { 'transfer-encoding': 'chunked' }]) {
        const answer = await fetchFrom(httpPort, { method: 'POST', headers: { host: 'h.test', ...framing } }, body);
        assert.equal(answer.body.toString(), hash);
      }
    });

    test('an answer arrives whole, with a length, in chunks, and until the end of the connection', async (t) => {
      const body = randomBytes(2_000_000);
      const upstream = await backend(t, (socket, head) => {
        if (head.startsWith('GET /length')) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
          socket.write(body);
        } else if (head.startsWith('GET /chunked')) {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
          for (let at = 0; at < body.length; at += 100_000) {
            socket.write('186a0\r\n');
            socket.write(body.subarray(at, at + 100_000));
            socket.write('\r\n');
          }
          socket.write('0\r\n\r\n');
        } else {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          socket.end(body);
        }
      });
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
      for (const path of ['/length', '/chunked', '/close']) {
        const answer = await fetchFrom(httpPort, { path });
        assert.ok(answer.body.equals(body), path);
        assert.equal((await entry(path)).bodyBytesSent, body.length);
      }
    });

    test('bytes are passed on as they come', async (t) => {
      const upstream = await backend(t, (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
        socket.on('data', (chunk: Buffer) => socket.write(chunk));
      });
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const sent = http.request({ port: httpPort, host: '127.0.0.1', headers: { host: 'h.test' } });
      sent.end();
      const [answer] = (await once(sent, 'response')) as [http.IncomingMessage];
      for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
        for (const socket of upstream.open) socket.write(event);
        const [chunk] = (await once(answer, 'data')) as [Buffer];
        assert.equal(chunk.toString(), event);
      }
      sent.destroy();
    });

    test('a slow client slows the upstream down, and memory stays small', async (t) => {
      let written = 0;
      const chunk = Buffer.alloc(256 * 1024);
      const upstream = await backend(t, (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
        const more = (): void => {
          while (!socket.destroyed && written < 1_000_000_000) {
            written += chunk.length;
            if (!socket.write(chunk)) break;
          }
        };
        socket.on('drain', more);
        more();
      });
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const socket = connect(httpPort, '127.0.0.1');
      socket.write(get('/'));
      await once(socket, 'readable');
      // Nobody reads: the amount that left the upstream comes to a rest.
      let before = -1;
      await until(() => {
        const rests = written === before;
        before = written;
        return rests && written > 0 ? true : undefined;
      });
      const rest = await new Promise<number>((resolve) => setTimeout(() => resolve(written), 300));
      assert.ok(rest < 40_000_000, `${rest} bytes left the upstream`);
      socket.destroy();
    });

    test('a slow upstream slows the client down', async (t) => {
      const upstream = await backend(t, (socket) => void socket.pause());
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const socket = connect(httpPort, '127.0.0.1');
      socket.write('POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 1000000000\r\n\r\n');
      const chunk = Buffer.alloc(256 * 1024);
      let sent = 0;
      const more = (): void => {
        while (sent < 1_000_000_000) {
          sent += chunk.length;
          if (!socket.write(chunk)) break;
        }
      };
      socket.on('drain', more);
      more();
      let before = -1;
      await until(() => {
        const rests = sent === before;
        before = sent;
        return rests && upstream.heads.length > 0 ? true : undefined;
      });
      const rest = await new Promise<number>((resolve) => setTimeout(() => resolve(sent), 300));
      assert.ok(rest < 40_000_000, `the client got rid of ${rest} bytes`);
      socket.destroy();
    });

    test('a client that expects 100-continue gets it when an upstream is connected', async (t) => {
      const upstream = await hashing(t);
      const { httpPort } = await start(t, { endpoints: [refusing(t), upstream.port] });
      const socket = connect(httpPort, '127.0.0.1');
      socket.write('POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n');
      socket.write('Connection: close\r\n\r\n');
      const [first] = (await once(socket, 'data')) as [Buffer];
      assert.equal(first.toString(), 'HTTP/1.1 100 Continue\r\n\r\n');
      socket.write('abc');
      const { text } = await untilEnd(socket);
      assert.equal(bodyOf(text), createHash('sha256').update('abc').digest('hex'));
    });

    test('an answer before the end of the request reaches a client that still sends', async (t) => {
      const upstream = await backend(t, (socket) => {
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nstop');
      });
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
      const socket = connect(httpPort, '127.0.0.1');
      socket.write('POST /early HTTP/1.1\r\nHost: h.test\r\nContent-Length: 800000\r\n\r\n');
      socket.write(Buffer.alloc(100_000));
      const { text } = await untilEnd(socket);
      assert.equal(statusOf(text), 413);
      assert.equal(bodyOf(text), 'stop');
      assert.equal((await entry('/early')).failure, '');
    });

    test('an error page reaches a client that sends on and reads late', async (t) => {
      const { httpPort, entry } = await start(t, { endpoints: [] });
      const socket = connect(httpPort, '127.0.0.1');
      socket.write('POST /none HTTP/1.1\r\nHost: h.test\r\nContent-Length: 500000\r\n\r\n');
      await entry('/none');
      // Bytes to a socket that is closed would come back as a reset, which takes the answer with it.
      for (let at = 0; at < 4; at += 1) {
        await new Promise((resolve) => socket.write(Buffer.alloc(50_000), resolve));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const { text, reset } = await untilEnd(socket);
      assert.equal(statusOf(text), 503);
      assert.match(text, /<center>nginx<\/center>/);
      assert.equal(reset, false);
    });
  });

  suite(`engine ${name}: upstreams that fail`, () => {
    test('a refused connection is retried on another endpoint, for POST with a body too', async (t) => {
      const upstream = await hashing(t);
      const refused = refusing(t);
      const { httpPort, entry } = await start(t, { endpoints: [refused, upstream.port] });
      for (let round = 0; round < 4; round += 1) {
        const answer = await fetchFrom(httpPort, { method: 'POST', path: `/${round}` }, Buffer.from('abc'));
        assert.equal(answer.status, 200);
        assert.equal(answer.body.toString(), createHash('sha256').update('abc').digest('hex'));
      }
      const tries = await Promise.all([0, 1, 2, 3].map(async (round) => (await entry(`/${round}`)).tries));
      assert.ok(tries.some((all) => all.length === 2));
      assert.deepEqual(
        tries.find((all) => all.length === 2)?.map((one) => one.status),
        [502, 200],
      );
    });

    test('when all refuse the answer is 502, named, after three tries', async (t) => {
      const { httpPort, entry } = await start(t, { endpoints: [refusing(t)] });
      const answer = await exchangeRaw(httpPort, get('/refused'));
      assert.equal(statusOf(answer), 502);
      assert.match(answer, /<center><h1>502 Bad Gateway<\/h1><\/center>/);
      const { failure, status, tries } = await entry('/refused');
      assert.deepEqual([failure, status, tries.map((one) => one.status)], ['connect-refused', 502, [502, 502, 502]]);
    });

    test('a GET is tried three times on an upstream that resets, a POST once', async (t) => {
      const upstream = await resetting(t);
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
      assert.equal(statusOf(await exchangeRaw(httpPort, get('/get'))), 502);
      assert.equal(upstream.heads.length, 3);
      const post = await exchangeRaw(httpPort, `${request('POST', '/post', 'Content-Length: 3')}abc`);
      assert.equal(statusOf(post), 502);
      assert.equal(upstream.heads.length, 4);
      assert.equal((await entry('/get')).failure, 'upstream-reset');
      assert.equal((await entry('/post')).failure, 'upstream-reset');
    });

    test('a silent upstream gives 504 after the read timeout of each try', async (t) => {
      const upstream = await hanging(t);
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port], policies: { timeouts } });
      const startedAt = performance.now();
      assert.equal(statusOf(await exchangeRaw(httpPort, get('/get'))), 504);
      const took = performance.now() - startedAt;
      assert.ok(took > 1_400 && took < 4_000 * (await slowness()), `${took} ms`);
      assert.equal(upstream.heads.length, 3);
      assert.equal(statusOf(await exchangeRaw(httpPort, request('POST', '/post', 'Content-Length: 0'))), 504);
      assert.equal(upstream.heads.length, 4);
      assert.equal((await entry('/post')).failure, 'read-timeout');
    });

    test('an upstream that does not accept gives 504 after the connect timeout, and a POST goes to another', async (t) => {
      const upstream = await hashing(t);
      const hole = await blackHole(t);
      const policies = { timeouts: { ...timeouts, connectMs: 200 } };
      const { httpPort, entry, publish } = await start(t, { endpoints: [hole], policies });
      assert.equal(statusOf(await exchangeRaw(httpPort, get('/away'))), 504);
      const { failure, tries } = await entry('/away');
      assert.deepEqual([failure, tries.length], ['connect-timeout', 3]);
      publish({ endpoints: [hole, upstream.port], policies });
      for (const path of ['/1', '/2'])
        assert.equal((await fetchFrom(httpPort, { method: 'POST', path }, Buffer.from('abc'))).status, 200);
      const both = await Promise.all([entry('/1'), entry('/2')]);
      assert.ok(both.some((one) => one.tries.length === 2));
    });

    test('an upstream that stops reading the body gives 504 after the send timeout', async (t) => {
      const upstream = await backend(t, (socket) => void socket.pause());
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port], policies: { timeouts } });
      const socket = connect(httpPort, '127.0.0.1');
      const ended = untilEnd(socket);
      socket.write('POST /stuck HTTP/1.1\r\nHost: h.test\r\nContent-Length: 50000000\r\n\r\n');
      const body = Buffer.alloc(50_000_000);
      socket.write(body);
      assert.equal((await entry('/stuck')).failure, 'send-timeout');
      assert.equal(statusOf((await ended).text), 504);
    });

    for (const [what, bytes] of [
      ['random bytes', '\x00\x01\x02\xff garbage \r\n\r\n'],
      ['no status line', '<html>hello</html>\r\n\r\n'],
      ['a status of two digits', 'HTTP/1.1 99 Short\r\n\r\n'],
      ['two different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
      ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
      ['a NUL in a field', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n'],
      ['a head of 64 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(65_536)}\r\nContent-Length: 0\r\n\r\n`],
      ['101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
      ['a hundred interim answers', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)],
    ] as const) {
      test(`${what} from an upstream is 502 and named`, async (t) => {
        const upstream = await answering(t, bytes);
        const { httpPort, bugs, entry } = await start(t, { endpoints: [upstream.port], policies: { timeouts } });
        assert.equal(statusOf(await exchangeRaw(httpPort, request('POST', '/bad', 'Content-Length: 0'))), 502);
        assert.equal((await entry('/bad')).failure, 'upstream-invalid');
        assert.deepEqual(bugs, []);
      });
    }

    for (const [what, head, body, reset] of [
      ['a length', 'Content-Length: 100', 'part', false],
      ['a length, by reset', 'Content-Length: 100', 'part', true],
      ['chunks', 'Transfer-Encoding: chunked', '4\r\npart\r\n', false],
      ['a broken chunk', 'Transfer-Encoding: chunked', '4\r\npart\r\nZZ\r\n', false],
    ] as const) {
      test(`an answer with ${what} that is cut off is seen as cut off, never as complete`, async (t) => {
        const upstream = await backend(t, (socket) => {
          socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`, () => {
            if (reset) setImmediate(() => socket.resetAndDestroy());
            else socket.end();
          });
        });
        const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
        const { text } = await untilEnd(sendOn(httpPort, get('/cut')));
        assert.ok(['upstream-reset', 'upstream-invalid'].includes((await entry('/cut')).failure));
        // What overtakes the head ends the connection without a word, or gives an error page, which is complete.
        if (statusOf(text) !== 502) assert.doesNotMatch(text, /\r\n0\r\n\r\n$/);
      });
    }

    test('a cut answer without a length is a reset for an HTTP/1.0 client', async (t) => {
      const upstream = await backend(t, (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n');
        setTimeout(() => socket.destroy(), 100);
      });
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const { reset } = await untilEnd(sendOn(httpPort, 'GET / HTTP/1.0\r\nHost: h.test\r\n\r\n'));
      assert.equal(reset, true);
    });

    test('an answer of one byte at a time arrives', async (t) => {
      const upstream = await backend(t, (socket) => {
        const bytes = okAnswer('slow').split('');
        const timer = setInterval(() => {
          const byte = bytes.shift();
          if (byte === undefined) clearInterval(timer);
          else socket.write(byte);
        }, 1);
        socket.on('close', () => clearInterval(timer));
      });
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      assert.equal(bodyOf(await exchangeRaw(httpPort, get('/'))), 'slow');
    });

    test('an upstream that shuts its sending side before the head has failed', async (t) => {
      const upstream = await backend(t, (socket) => void socket.end());
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
      assert.equal(statusOf(await exchangeRaw(httpPort, request('POST', '/fin', 'Content-Length: 0'))), 502);
      assert.equal((await entry('/fin')).failure, 'upstream-reset');
    });
  });

  suite(`engine ${name}: kept connections`, () => {
    test('requests one after the other use one connection', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      for (let round = 0; round < 5; round += 1) await exchangeRaw(httpPort, get('/'));
      assert.equal(upstream.accepted, 1);
    });

    test('a connection that the upstream closes is used no more', async (t) => {
      const upstream = await backend(t, (socket) => void socket.end(okAnswer('hi', ['Connection: close'])));
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      for (let round = 0; round < 3; round += 1)
        assert.equal(statusOf(await exchangeRaw(httpPort, request('POST', '/', 'Content-Length: 0'))), 200);
      assert.equal(upstream.accepted, 3);
    });

    test('the hint of the upstream shortens the idle time', async (t) => {
      const upstream = await answering(t, okAnswer('hi', ['Keep-Alive: timeout=1']));
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const startedAt = performance.now();
      await exchangeRaw(httpPort, get('/'));
      await once(upstream.events, 'close');
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs > 200 && tookMs < 1_000 * (await slowness()), `${tookMs} ms`);
    });

    test('bytes that nobody asked for are not the answer to the next request', async (t) => {
      let answers = 0;
      const upstream = await backend(t, (socket) => {
        answers += 1;
        socket.write(okAnswer(`${answers}`));
        if (answers === 1) socket.write(okAnswer('poison'));
      });
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      assert.equal(bodyOf(await exchangeRaw(httpPort, get('/'))), '1');
      assert.equal(bodyOf(await exchangeRaw(httpPort, get('/'))), '2');
    });

    test('idle connections to an endpoint that leaves or drains are closed at once', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const { httpPort, publish } = await start(t, { endpoints: [upstream.port] });
      for (const next of [{ endpoints: [] }, { endpoints: [upstream.port], state: 'draining' as const }]) {
        publish({ endpoints: [upstream.port] });
        await exchangeRaw(httpPort, get('/'));
        assert.equal(upstream.open.size, 1);
        const closed = once(upstream.events, 'close');
        publish(next);
        await closed;
      }
      // It still serves while nobody else does, on a connection for each request.
      await exchangeRaw(httpPort, get('/'));
      await until(() => (upstream.open.size === 0 ? true : undefined));
    });

    test('an upstream that closes idle connections as they are used loses no GET', async (t) => {
      const server = http.createServer((_request, response) => response.end('hi'));
      server.keepAliveTimeout = 1;
      server.on('connection', (socket: Socket) => socket.setTimeout(5, () => socket.destroy()));
      const port = await new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : 0);
        });
      });
      t.after(() => server.close());
      const { httpPort, log } = await start(t, { endpoints: [port] });
      const agent = new http.Agent({ keepAlive: true });
      t.after(() => agent.destroy());
      for (let round = 0; round < 60; round += 1) {
        const answer = await fetchFrom(httpPort, { agent, path: `/${round}` });
        assert.equal(answer.status, 200);
        await new Promise((resolve) => setTimeout(resolve, 3 + (round % 5)));
      }
      assert.ok(log.every((one) => one.status === 200));
    });
  });

  suite(`engine ${name}: upstreams that speak TLS`, () => {
    test('they are asked without server name and without a look at their certificate, as nginx does', async (t) => {
      const { certificate, key } = makeCertificate({ commonName: 'other.test', names: ['other.test'] });
      const names: unknown[] = [];
      let hosts = '';
      const server = https.createServer({ cert: certificate, key }, (request, response) => {
        hosts += `${request.headers.host} `;
        response.end('secret');
      });
      server.on('secureConnection', (socket) => names.push(socket.servername));
      const port = await listenOn(t, server);
      const { httpPort } = await start(t, { endpoints: [port], protocol: 'https' });
      for (let round = 0; round < 3; round += 1)
        assert.equal(bodyOf(await exchangeRaw(httpPort, get('/'))).includes('secret'), true);
      assert.deepEqual(names, [false]);
      assert.equal(hosts, 'h.test h.test h.test ');
    });

    test('one that speaks plain HTTP is tried again elsewhere and then 502, for POST too', async (t) => {
      const plain = (socket: Socket): void => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      const endpoints = [await rawServer(t, plain), await rawServer(t, plain)];
      const { httpPort, entry } = await start(t, { endpoints, protocol: 'https' });
      assert.equal(statusOf(await exchangeRaw(httpPort, request('POST', '/tls', 'Content-Length: 0'))), 502);
      const { failure, tries } = await entry('/tls');
      assert.deepEqual([failure, tries.length], ['connect-failed', 3]);
    });
  });

  suite(`engine ${name}: clients that leave`, () => {
    for (const how of ['reset', 'end of the connection']) {
      test(`a client that leaves by ${how} ends the request upstream, as 499`, async (t) => {
        const upstream = await hanging(t);
        const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
        const socket = connect(httpPort, '127.0.0.1');
        socket.write(get('/left'));
        await once(upstream.events, 'head');
        const closed = once(upstream.events, 'close');
        if (how === 'reset') socket.resetAndDestroy();
        else socket.destroy();
        await closed;
        const { failure, status, tries } = await entry('/left');
        assert.deepEqual([failure, status, tries.length], ['client-closed', 499, 1]);
      });
    }

    test('a client that shuts its sending side still gets its answer', async (t) => {
      const upstream = await backend(t, (socket) => void setTimeout(() => socket.write(okAnswer('late')), 200));
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const socket = connect({ port: httpPort, host: '127.0.0.1', allowHalfOpen: true });
      const ended = untilEnd(socket);
      socket.on('end', () => socket.destroy());
      socket.end('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n');
      assert.equal(bodyOf((await ended).text), 'late');
    });

    test('a client that leaves during the answer ends it upstream', async (t) => {
      const upstream = await backend(t, (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nsome');
      });
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
      const socket = connect(httpPort, '127.0.0.1');
      socket.write(get('/midway'));
      await once(socket, 'data');
      const closed = once(upstream.events, 'close');
      socket.resetAndDestroy();
      await closed;
      assert.equal((await entry('/midway')).failure, 'client-closed');
    });

    test('1,000 uploads that are cut off leave connections and descriptors as they were', async (t) => {
      const upstream = await hashing(t);
      const { httpPort, bugs, log } = await start(t, { endpoints: [upstream.port] });
      await fetchFrom(httpPort, { method: 'POST' }, Buffer.from('warm'));
      const before = openFiles();
      for (let round = 0; round < 20; round += 1) {
        await Promise.all(Array.from({ length: 50 }, (_, at) => cutUpload(httpPort, at % 2 === 0)));
      }
      await until(() => (log.length >= 1_001 ? true : undefined), 20_000);
      await until(() => (openFiles() <= before + 10 ? true : undefined), 20_000);
      assert.ok(upstream.sockets.size <= 10, `${upstream.sockets.size} connections to the upstream`);
      assert.deepEqual(bugs, []);
      assert.ok(log.slice(1).every((one) => one.status === 499 && one.failure === 'client-closed'));
      const answer = await fetchFrom(httpPort, { method: 'POST' }, Buffer.from('abc'));
      assert.equal(answer.body.toString(), createHash('sha256').update('abc').digest('hex'));
    });
  });

  suite(`engine ${name}: clients that send something else`, () => {
    for (const [what, bytes, status] of [
      ['no HTTP', 'hello\r\n\r\n', 400],
      ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
      ['two Hosts', 'GET / HTTP/1.1\r\nHost: h.test\r\nHost: other\r\n\r\n', 400],
      [
        'length and chunks',
        'POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
        400,
      ],
      [
        'a coding that is not chunked',
        'POST / HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
        400,
      ],
      ['chunks in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
      ['HTTP/2.0 in the request line', 'GET / HTTP/2.0\r\nHost: h.test\r\n\r\n', 400],
      ['a head of 64 KiB', `GET / HTTP/1.1\r\nHost: h.test\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`, 431],
      ['300 fields', `GET / HTTP/1.1\r\nHost: h.test\r\n${'a: b\r\n'.repeat(300)}\r\n`, 431],
      ['CONNECT', 'CONNECT h.test:443 HTTP/1.1\r\nHost: h.test\r\n\r\n', 405],
      ['TRACE', 'TRACE / HTTP/1.1\r\nHost: h.test\r\n\r\n', 405],
      ['an upgrade with a body', `${upgradeRequest('/', 'Content-Length: 3')}abc`, 400],
    ] as const) {
      test(`${what} is ${status}, with nginx' page, in the access log, and the connection ends`, async (t) => {
        const upstream = await answering(t, okAnswer('hi'));
        const { httpPort, bugs, log } = await start(t, { endpoints: [upstream.port] });
        const answer = await exchangeRaw(
          httpPort,
          bytes.replace('HTTP/1.1\r\nHost', 'HTTP/1.1\r\nConnection: close\r\nHost'),
        );
        assert.equal(statusOf(answer), status);
        assert.match(answer, /<hr><center>nginx<\/center>/);
        assert.match(answer, /\r\nConnection: close\r\n/);
        await until(() => (log.length > 0 ? true : undefined));
        assert.equal(log[0]?.status, status);
        assert.deepEqual([upstream.heads.length, bugs.length], [0, 0]);
      });
    }
  });

  suite(`engine ${name}: bodies with a limit`, () => {
    const limited = { body: { limitBytes: 1000, replayBytes: 500 } };

    test('a length above the limit is 413 before anything goes upstream, and no 100 comes first', async (t) => {
      const upstream = await hashing(t);
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port], policies: limited });
      const answer = await exchangeRaw(
        httpPort,
        request('POST', '/large', 'Content-Length: 1001', 'Expect: 100-continue'),
      );
      assert.equal(statusOf(answer), 413);
      assert.match(answer, /<center><h1>413 Request Entity Too Large<\/h1><\/center>/);
      assert.equal(upstream.sockets.size, 0);
      const { failure, status } = await entry('/large');
      assert.deepEqual([failure, status], ['body-too-large', 413]);
    });

    test('chunks above the limit are 413 as soon as they are', async (t) => {
      const upstream = await hashing(t);
      const { httpPort, bugs, entry } = await start(t, { endpoints: [upstream.port], policies: limited });
      const head = 'POST /chunks HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n\r\n';
      const chunk = `1f4\r\n${'x'.repeat(500)}\r\n`;
      const { text } = await untilEnd(sendOn(httpPort, head + chunk + chunk + chunk));
      assert.equal(statusOf(text), 413);
      assert.match(text, /\r\nConnection: close\r\n/);
      const { failure, status } = await entry('/chunks');
      assert.deepEqual([failure, status, bugs.length], ['body-too-large', 413, 0]);
      await until(() => (upstream.sockets.size === 0 ? true : undefined));
    });

    test('as much as the limit is served, in both framings', async (t) => {
      const upstream = await hashing(t);
      const { httpPort } = await start(t, { endpoints: [upstream.port], policies: limited });
      const body = Buffer.alloc(1000, 'x');
      for (const framing of [{ 'content-length': '1000' }, { 'transfer-encoding': 'chunked' }]) {
        const answer = await fetchFrom(httpPort, { method: 'POST', headers: { host: 'h.test', ...framing } }, body);
        assert.equal(answer.status, 200);
      }
    });

    test('a client that sends ten times too much sees its 413', async (t) => {
      const { httpPort } = await start(t, { endpoints: [refusing(t)], policies: limited });
      for (let round = 0; round < 20; round += 1) {
        const socket = connect(httpPort, '127.0.0.1');
        socket.write('POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 10000000\r\n\r\n');
        const sent = new Promise((resolve) => socket.write(Buffer.alloc(10_000_000), resolve));
        const { text, reset } = await untilEnd(socket);
        await sent;
        assert.deepEqual([statusOf(text), reset], [413, false]);
      }
    });
  });

  suite(`engine ${name}: clients that take their time`, () => {
    test('a head that trickles gets 408 after ten seconds, a connection that says nothing just ends', async (t) => {
      const { httpPort, log } = await start(t, { endpoints: [] });
      const startedAt = performance.now();
      const silent = untilEnd(connect(httpPort, '127.0.0.1'));
      const slow = sendOn(httpPort, 'GET / HTTP/1.1\r\nHost: h.test\r\n');
      const timer = setInterval(() => slow.write('X-A: b\r\n'), 500);
      t.after(() => clearInterval(timer));
      const { text } = await untilEnd(slow);
      clearInterval(timer);
      assert.equal(statusOf(text), 408);
      assert.equal((await silent).text, '');
      const took = performance.now() - startedAt;
      assert.ok(took > 9_500 && took < 14_000 * (await slowness()), `${took} ms`);
      assert.deepEqual(
        log.map((one) => one.status),
        [408],
      );
    });
  });

  suite(`engine ${name}: clients that stop in their body`, { concurrency: true }, () => {
    for (const [what, head, body] of [
      ['part of a length', 'Content-Length: 30', 'abc'],
      ['nothing', 'Content-Length: 30', ''],
      ['half a chunk', 'Transfer-Encoding: chunked', '1e\r\nabc'],
    ] as const) {
      for (const secure of [false, true]) {
        test(`after ${what} ${secure ? 'over TLS ' : ''}it is 408, named, and the connection ends`, async (t) => {
          const upstream = await hashing(t);
          const { entry, httpPort, httpsPort, bugs } = await startStalled(t, name, upstream.port);
          const socket = secure ? await connectTls(httpsPort) : connect(httpPort, '127.0.0.1');
          t.after(() => socket.destroy());
          socket.write(`POST /stall HTTP/1.1\r\nHost: h.test\r\n${head}\r\n\r\n${body}`);
          const { text } = await within(5_000, untilEnd(socket));
          assert.equal(statusOf(text), 408);
          assert.match(text, /\r\nConnection: close\r\n/);
          const { failure, status } = await entry('/stall');
          assert.deepEqual([failure, status], ['client-timeout', 408]);
          await until(() => (upstream.sockets.size === 0 ? true : undefined));
          assert.deepEqual(bugs, []);
        });
      }
    }

    test('when the answer has begun the connection is cut, so that it does not look complete', async (t) => {
      const upstream = await backend(
        t,
        (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'),
      );
      const { entry, httpPort } = await startStalled(t, name, upstream.port);
      const socket = sendOn(httpPort, 'POST /begun HTTP/1.1\r\nHost: h.test\r\nContent-Length: 30\r\n\r\nabc');
      t.after(() => socket.destroy());
      const { text } = await within(5_000, untilEnd(socket));
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*part$/);
      assert.equal((await entry('/begun')).failure, 'client-timeout');
    });

    test('one that goes on after a pause is served', async (t) => {
      const upstream = await hashing(t);
      const { httpPort } = await startStalled(t, name, upstream.port);
      const socket = sendOn(httpPort, 'POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 6\r\n\r\nabc');
      t.after(() => socket.destroy());
      const [answer] = await Promise.all([
        once(socket, 'data') as Promise<[Buffer]>,
        // 6 s as the engine sees them.
        new Promise((resolve) => setTimeout(() => socket.write('def', resolve), 300)),
      ]);
      assert.equal(bodyOf(answer[0].toString()), createHash('sha256').update('abcdef').digest('hex'));
    });

    test('one that pauses again and again, but sends enough, is served', async (t) => {
      const upstream = await hashing(t);
      const { httpPort } = await startStalled(t, name, upstream.port);
      const part = Buffer.alloc(20_000, 'x');
      const socket = sendOn(httpPort, 'POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 180000\r\n\r\n');
      t.after(() => socket.destroy());
      const answered = once(socket, 'data') as Promise<[Buffer]>;
      // 90 s as the engine sees them: longer than any silence it would bear.
      for (let at = 0; at < 9; at += 1) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        socket.write(part);
      }
      const [answer] = await answered;
      assert.equal(bodyOf(answer.toString()), createHash('sha256').update(Buffer.alloc(180_000, 'x')).digest('hex'));
    });
  });

  suite(`engine ${name}: tunnels`, () => {
    test('a web socket carries messages both ways and closes in order', async (t) => {
      const upstream = await webSocketEcho(t);
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
      const socket = new WebSocket(`ws://127.0.0.1:${httpPort}/ws`, { headers: { host: 'h.test' } });
      await once(socket, 'open');
      const big = randomBytes(1_000_000);
      socket.send(big);
      const [echo] = (await once(socket, 'message')) as [Buffer];
      assert.ok(echo.equals(big));
      socket.close(1000, 'done');
      const [code] = (await once(socket, 'close')) as [number];
      assert.equal(code, 1000);
      const { status, failure, bodyBytesSent } = await entry('/ws');
      assert.deepEqual([status, failure], [101, '']);
      assert.ok(bodyBytesSent >= big.length);
      assert.match(upstream.heads[0] ?? '', /Host\nh\.test\nUpgrade\nwebsocket\nConnection\nupgrade\n/);
    });

    test('bytes behind the request wait until the upstream says 101', async (t) => {
      const upstream = await rawUpgrade(t);
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const socket = connect(httpPort, '127.0.0.1');
      socket.write(`${upgradeRequest('/raw')}early`);
      await until(() => (upstream.heads.length > 0 ? true : undefined));
      assert.equal(upstream.after(), '');
      upstream.accept();
      const [head] = (await once(socket, 'data')) as [Buffer];
      assert.match(head.toString(), /^HTTP\/1\.1 101 Switching Protocols\r\n/);
      await until(() => (upstream.after() === 'early' ? true : undefined));
      socket.destroy();
    });

    test('each side may end on its own', async (t) => {
      const upstream = await rawUpgrade(t, true);
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const socket = connect({ port: httpPort, host: '127.0.0.1', allowHalfOpen: true });
      const ended = untilEnd(socket);
      socket.on('end', () => socket.destroy());
      socket.write(upgradeRequest('/half'));
      await once(socket, 'data');
      socket.end('last words');
      await until(() => (upstream.after() === 'last words' ? true : undefined));
      for (const one of upstream.sockets) one.end('and mine');
      assert.match((await ended).text, /and mine$/);
    });

    test('an answer that is not 101 is an answer, and both connections end', async (t) => {
      const upstream = await backend(t, (socket) => void socket.write(okAnswer('plain')));
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
      const { text } = await untilEnd(sendOn(httpPort, `${upgradeRequest('/no')}GET /smuggled HTTP/1.1\r\n\r\n`));
      assert.equal(statusOf(text), 200);
      assert.equal(bodyOf(text), 'plain');
      assert.equal(upstream.heads.length, 1);
      assert.equal((await entry('/no')).status, 200);
    });

    test('101 for another protocol is 502', async (t) => {
      const upstream = await answering(t, 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port] });
      const { text } = await untilEnd(sendOn(httpPort, upgradeRequest('/other')));
      assert.equal(statusOf(text), 502);
      assert.equal((await entry('/other')).failure, 'upstream-invalid');
    });

    test('h2c is no tunnel', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const { httpPort } = await start(t, { endpoints: [upstream.port] });
      const sent = 'GET / HTTP/1.1\r\nHost: h.test\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n';
      assert.equal(bodyOf(await exchangeRaw(httpPort, sent)), 'hi');
      assert.doesNotMatch(upstream.heads[0] ?? '', /upgrade/i);
    });

    test('a tunnel in which nobody says anything ends after the read timeout', async (t) => {
      const upstream = await rawUpgrade(t, true);
      const { httpPort, entry } = await start(t, { endpoints: [upstream.port], policies: { timeouts } });
      const socket = connect(httpPort, '127.0.0.1');
      const startedAt = performance.now();
      socket.write(upgradeRequest('/idle'));
      await untilEnd(socket);
      assert.ok(performance.now() - startedAt > 450);
      assert.equal((await entry('/idle')).status, 101);
    });

    test('resets of either side end the tunnel and nothing else', async (t) => {
      const upstream = await rawUpgrade(t, true);
      const { engine, httpPort, bugs, counters, log } = await start(t, { endpoints: [upstream.port] });
      for (let round = 0; round < 20; round += 1) {
        const socket = connect(httpPort, '127.0.0.1');
        const ended = untilEnd(socket);
        socket.write(upgradeRequest(`/${round}`));
        await once(socket, 'data');
        if (round % 2 === 0) socket.resetAndDestroy();
        else for (const one of upstream.sockets) one.resetAndDestroy();
        await ended;
      }
      await until(() => (log.length === 20 ? true : undefined));
      engine.report();
      assert.equal(counters.samples().find((one) => one.metric === 'fairway_upgrades_open')?.values[0], 0);
      assert.deepEqual(bugs, []);
      assert.equal(upstream.sockets.size, 0);
    });
  });

  suite(`engine ${name}: drain`, () => {
    test('in lameduck a growing share of answers closes its connection', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const { engine, httpPort } = await start(t, { endpoints: [upstream.port] });
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      const closing = async (): Promise<boolean> => {
        const { headers } = await fetchFrom(httpPort, { agent });
        return headers.connection === 'close';
      };
      assert.equal(await closing(), false);
      engine.lameduck(1_500);
      const atFirst = await closing();
      const startedAt = performance.now();
      let kept = 0;
      while (performance.now() - startedAt < 1_500) kept += (await closing()) ? 0 : 1;
      assert.ok(kept > 0 || !atFirst);
      assert.equal(await closing(), true);
    });

    test('what is in flight is finished, idle connections end in order, nobody new is accepted', async (t) => {
      const upstream = await backend(t, (socket, head) => {
        if (head.startsWith('GET /slow')) setTimeout(() => socket.write(okAnswer('finished')), 400);
        else socket.write(okAnswer('hi'));
      });
      const { engine, httpPort } = await start(t, { endpoints: [upstream.port] });
      const idle = connect(httpPort, '127.0.0.1');
      const idleEnded = untilEnd(idle);
      idle.write('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n');
      await once(idle, 'data');
      const slow = fetchFrom(httpPort, { path: '/slow' });
      await until(() => (upstream.heads.some((head) => head.startsWith('GET /slow')) ? true : undefined));
      const drained = engine.drain(5_000);
      const answer = await slow;
      assert.equal(answer.body.toString(), 'finished');
      assert.equal(answer.headers.connection, 'close');
      assert.equal((await idleEnded).reset, false);
      assert.equal(await drained, 0);
      await assert.rejects(fetchFrom(httpPort, {}), /ECONNREFUSED/);
    });

    test('at the deadline what is left is cut and counted', async (t) => {
      const upstream = await hanging(t);
      const { engine, httpPort } = await start(t, { endpoints: [upstream.port] });
      const socket = connect(httpPort, '127.0.0.1');
      const ended = untilEnd(socket);
      socket.write(get('/'));
      await once(upstream.events, 'head');
      assert.equal(await engine.drain(200), 1);
      await ended;
      await until(() => (upstream.open.size === 0 ? true : undefined));
    });

    test('a client connection closes after as many requests as the options say', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const { httpPort } = await start(t, { endpoints: [upstream.port], options: { keepAliveRequests: 3 } });
      const socket = connect(httpPort, '127.0.0.1');
      const ended = untilEnd(socket);
      for (let at = 0; at < 2; at += 1) {
        socket.write('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n');
        await once(socket, 'data');
      }
      socket.write('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n');
      const { text } = await ended;
      assert.deepEqual(text.match(/Connection: \S+/g), [
        'Connection: keep-alive',
        'Connection: keep-alive',
        'Connection: close',
      ]);
    });

    test('an idle client connection closes after the time that the options say', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const { httpPort, publish } = await start(t, { endpoints: [upstream.port] });
      publish({ endpoints: [upstream.port], options: { keepAliveMs: 300 } });
      const socket = connect(httpPort, '127.0.0.1');
      const startedAt = performance.now();
      socket.write('GET / HTTP/1.1\r\nHost: h.test\r\n\r\n');
      await once(socket, 'data');
      await untilEnd(socket);
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs > 250 && tookMs < 3_000 * (await slowness()), `${tookMs} ms`);
    });
  });
}

/** An engine whose time runs twenty times as fast: what it waits 60 s for comes after 3. */
function startStalled(t: TestContext, name: EngineName, upstreamPort: number): Promise<RunningEngine> {
  const { certificate, key } = makeCertificate({ commonName: 'h.test', names: ['h.test'] });
  const own: Certificate = {
    id: certificateId('test', 'h.test'),
    source: 'test',
    names: ['h.test'],
    chainPem: certificate,
    keyPem: key,
    issuer: '',
    issuerOrganization: '',
    issuerCommonName: '',
    serialNumber: '',
    keyAlgorithm: '',
    notBefore: 0,
    notAfter: 0,
  };
  const clock: Clock = { now: () => performance.now() * 20, wall: () => Date.now() };
  const patient = { connectMs: 600_000, sendMs: 600_000, readMs: 600_000 };
  const parts = { endpoints: [upstreamPort], hosts: { 'h.test': own }, policies: { timeouts: patient } };
  return startEngine(t, name, parts, clock);
}

async function connectTls(port: number): Promise<Socket> {
  const socket = connectSecurely({ port, host: '127.0.0.1', servername: 'h.test', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
}

/** @throws when it takes longer */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function sendOn(port: number, bytes: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes, 'latin1');
  return socket;
}

function upgradeRequest(target: string, ...fields: string[]): string {
  const lines = [`GET ${target} HTTP/1.1`, 'Host: h.test', 'Connection: Upgrade', 'Upgrade: websocket', ...fields];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Begins an upload and leaves in the middle. */
async function cutUpload(port: number, reset: boolean): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const ended = untilEnd(socket);
  socket.write('POST /cut HTTP/1.1\r\nHost: h.test\r\nContent-Length: 100000\r\n\r\n');
  socket.write(Buffer.alloc(20_000), () => {
    if (reset) socket.resetAndDestroy();
    else socket.end(() => socket.destroy());
  });
  await ended;
}

interface RawUpgrade {
  readonly port: number;
  readonly heads: string[];
  readonly sockets: Set<Socket>;
  /** What came behind the heads. */
  after(): string;
  /** Says 101 on every connection. */
  accept(): void;
}

/** Upgrades on a raw socket; says 101 at once or when told. */
async function rawUpgrade(t: TestContext, atOnce = false): Promise<RawUpgrade> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  let after = '';
  const accepted = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  const port = await rawServer(t, (socket) => {
    sockets.add(socket);
    socket.allowHalfOpen = true;
    socket.on('close', () => sockets.delete(socket));
    let seen = '';
    let inHead = true;
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1');
      const end = seen.indexOf('\r\n\r\n');
      if (inHead && end >= 0) {
        inHead = false;
        heads.push(seen.slice(0, end));
        seen = seen.slice(end + 4);
        if (atOnce) socket.write(accepted);
      }
      if (!inHead) {
        after += seen;
        seen = '';
      }
    });
  });
  return {
    port,
    heads,
    sockets,
    after: () => after,
    accept: () => {
      for (const socket of sockets) socket.write(accepted);
    },
  };
}
