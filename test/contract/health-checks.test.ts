import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { CheckContext, Checker, CheckResult } from '../../src/control/health/checks/check.ts';
import { KeptConnections } from '../../src/control/health/checks/kept-connections.ts';
import type { OpenProbe } from '../../src/control/health/checks/probe-connection.ts';
import { directProbes, openSocket } from '../../src/control/health/checks/probe-connection.ts';
import { checkKinds, createChecker } from '../../src/control/health/checks/table.ts';
import { nodeHandles } from '../../src/lib/node-handles.ts';
import type { HealthCheck } from '../../src/model/upstream.ts';
import { closedPort, listenOn, rawServer } from '../support/raw-server.ts';
import { selfSigned } from '../support/self-signed.ts';

function checkOf(kind: HealthCheck['kind'], port: number, more: Partial<HealthCheck> = {}): HealthCheck {
  return {
    kind,
    address: '127.0.0.1',
    port,
    path: '/healthz',
    scheme: 'http',
    headers: [],
    service: '',
    periodMs: 1_000,
    timeoutMs: 5_000,
    successThreshold: 1,
    failureThreshold: 1,
    ...more,
  };
}

/** What plain checks connect with: this Node has the fast way, and the other one must do the same. */
let open: OpenProbe = openSocket;

function contextOf(keep = 100): CheckContext & { readonly closed: () => Promise<unknown> } {
  const sockets: Promise<void>[] = [];
  const record = (options: TcpNetConnectOpts): Socket => {
    const socket = connect(options);
    sockets.push(new Promise((closed) => socket.once('close', () => closed())));
    return socket;
  };
  const kept = new KeptConnections(keep);
  return { userAgent: 'fairway-probe/1.2.3', open, connect: record, kept, closed: () => Promise.all(sockets) };
}

/** A checker whose results are waited for one by one, each within the check's time. */
function probing(
  check: HealthCheck,
  context: CheckContext,
): { readonly once: () => Promise<CheckResult>; readonly checker: Checker } {
  let said: (result: CheckResult) => void = () => assert.fail('said something unasked');
  const checker = createChecker(check, context, (result) => said(result));
  const once = async (): Promise<CheckResult> => {
    const { promise, resolve } = Promise.withResolvers<CheckResult>();
    const timer = setTimeout(() => {
      checker.stop();
      resolve({ outcome: 'timeout', text: 'no verdict' });
    }, check.timeoutMs);
    said = resolve;
    checker.start();
    const result = await promise;
    clearTimeout(timer);
    said = () => assert.fail('said something twice');
    return result;
  };
  return { once, checker };
}

/** Runs one check and waits until its connection is closed as well. */
async function resultOf(check: HealthCheck): Promise<CheckResult> {
  const context = contextOf();
  const { once, checker } = probing(check, context);
  const result = await once();
  checker.stop();
  assert.equal(context.kept.count, 0);
  await context.closed();
  return result;
}

/** Answers the health service of gRPC; `undefined` never answers. */
function grpcServer(t: TestContext, answer: (stream: ServerHttp2Stream, request: Buffer) => void): Promise<number> {
  const server = createHttp2Server();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    assert.equal(headers[':path'], '/grpc.health.v1.Health/Check');
    assert.equal(headers['content-type'], 'application/grpc');
    assert.equal(headers['te'], 'trailers');
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => answer(stream, Buffer.concat(chunks)));
  });
  return listenOn(t, server);
}

/** Sends a message and a status as gRPC does. */
function grpcAnswer(stream: ServerHttp2Stream, message: readonly number[], status = '0'): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  stream.end(Buffer.from([0, 0, 0, 0, message.length, ...message]));
}

function httpAnswer(t: TestContext, text: string): Promise<number> {
  return rawServer(t, (socket) => socket.once('data', () => socket.end(text)));
}

/** A server that is well, for each kind. */
const wellServers: Readonly<Record<HealthCheck['kind'], (t: TestContext) => Promise<number>>> = {
  http: (t) => httpAnswer(t, 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  tcp: (t) => rawServer(t, () => {}),
  grpc: (t) => grpcServer(t, (stream) => grpcAnswer(stream, [0x08, 1])),
};

function contractOf(kind: HealthCheck['kind'], way: string): void {
  // A TCP check asks only whether a connection opens.
  const asks = kind !== 'tcp';

  suite(`a ${kind} check ${way}`, () => {
    test('passes when the endpoint is well', async (t) => {
      const result = await resultOf(checkOf(kind, await wellServers[kind](t)));
      assert.equal(result.outcome, 'success');
    });

    test('passes over IPv6', async (t) => {
      const port = await wellServers[kind](t);
      const result = await resultOf(checkOf(kind, port, { address: '::ffff:127.0.0.1' }));
      assert.equal(result.outcome, 'success');
    });

    test('fails when nobody listens', async () => {
      const result = await resultOf(checkOf(kind, await closedPort()));
      assert.deepEqual(result, { outcome: 'failure', text: 'connection refused' });
    });

    test('does not throw for what cannot be dialled', async () => {
      const result = await resultOf(checkOf(kind, 70_000));
      assert.equal(result.outcome, 'failure');
    });

    test('says nothing after it was cancelled', async (t) => {
      const accepted = Promise.withResolvers<Socket>();
      const port = await rawServer(t, (socket) => accepted.resolve(socket));
      const checker = createChecker(checkOf(kind, port), contextOf(), () => assert.fail('said something'));
      checker.start();
      checker.stop();
      checker.stop();
      // Proof that the turn of the event loop in which an answer could come is over.
      const second = await resultOf(checkOf('tcp', port));
      assert.equal(second.outcome, 'success');
    });

    test('closes its connection', async (t) => {
      const port = await wellServers[kind](t);
      const through = Promise.withResolvers<void>();
      const relay = await rawServer(t, (socket) => {
        const on = connect(port, '127.0.0.1');
        on.on('error', () => {});
        socket.pipe(on).pipe(socket);
        socket.on('close', () => through.resolve());
      });
      assert.equal((await resultOf(checkOf(kind, relay))).outcome, 'success');
      await through.promise;
    });

    test('can check again, also after it was stopped in the middle', async (t) => {
      const { once, checker } = probing(checkOf(kind, await wellServers[kind](t)), contextOf());
      for (let round = 0; round < 3; round += 1) assert.equal((await once()).outcome, 'success');
      checker.start();
      checker.stop();
      assert.equal((await once()).outcome, 'success');
      checker.stop();
    });

    if (!asks) return;

    test('times out when the endpoint accepts and never answers', async (t) => {
      const port = await rawServer(t, () => {});
      const result = await resultOf(checkOf(kind, port, { timeoutMs: 100 }));
      assert.deepEqual(result, { outcome: 'timeout', text: 'no verdict' });
    });

    test('fails when the endpoint resets the connection', async (t) => {
      const port = await rawServer(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
      const result = await resultOf(checkOf(kind, port));
      assert.equal(result.outcome, 'failure');
    });

    test('fails when the endpoint closes without an answer', async (t) => {
      const port = await rawServer(t, (socket) => socket.once('data', () => socket.end()));
      const result = await resultOf(checkOf(kind, port));
      assert.equal(result.outcome, 'failure');
    });

    test('fails when the endpoint talks something else', async (t) => {
      const port = await rawServer(t, (socket) => socket.write('220 mail.example.com ESMTP\r\n'));
      const result = await resultOf(checkOf(kind, port));
      assert.equal(result.outcome, 'failure');
    });

    test('times out when bytes only trickle in', async (t) => {
      const text = kind === 'http' ? 'HTTP/1.1 200 OK\r\n'.padEnd(5_000, 'x') : '\0\0\0\x04\0\0\0\0\0'.repeat(50);
      const port = await rawServer(t, (socket) => trickle(socket, text));
      const started = performance.now();
      const result = await resultOf(checkOf(kind, port, { timeoutMs: 300 }));
      assert.equal(result.outcome, 'timeout');
      assert.ok(performance.now() - started < 3_000);
    });

    test('reads a bounded part of an answer without end', async (t) => {
      const sent = { bytes: 0 };
      const port = await endlessServer(t, kind, sent);
      const result = await resultOf(checkOf(kind, port));
      assert.notEqual(result.outcome, 'timeout');
      assert.ok(sent.bytes < 20 * 1024 * 1024, `${sent.bytes} bytes`);
    });
  });
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/**
 * A server that closes nothing by itself unless `answer` gives undefined. Notes for each request the number of its
 * connection, and whether it asks to close.
 * @param answer  to the n-th request, counted from 0
 */
function keepingServer(
  t: TestContext,
  seen: string[],
  answer: (at: number) => string | undefined,
  sockets: Socket[] = [],
): Promise<number> {
  return rawServer(t, (socket) => {
    const number = sockets.push(socket);
    socket.on('data', (bytes: Buffer) => {
      const text = answer(seen.length);
      seen.push(`${number}${bytes.includes('connection: close') ? ' close' : ''}`);
      if (text === undefined) socket.destroy();
      else socket.write(text);
    });
  });
}

function trickle(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(text.charAt(at));
    at += 1;
    if (at === text.length) clearInterval(timer);
  }, 10);
  socket.on('close', () => clearInterval(timer));
}

function endlessServer(t: TestContext, kind: HealthCheck['kind'], sent: { bytes: number }): Promise<number> {
  const block = Buffer.alloc(64 * 1024, 120);
  const pour = (target: NodeJS.WritableStream & { readonly destroyed?: boolean }): void => {
    while (target.destroyed !== true) {
      sent.bytes += block.length;
      if (!target.write(block)) {
        target.once('drain', () => pour(target));
        return;
      }
    }
  };
  if (kind === 'grpc') {
    return grpcServer(t, (stream) => {
      stream.respond({ ':status': 200 });
      pour(stream);
    });
  }
  return rawServer(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      pour(socket);
    });
  });
}

function httpTests(): void {
  suite('an http check', () => {
    const outcomes: readonly (readonly [string, string, CheckResult['outcome'], string])[] = [
      ['200', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 'success', 'HTTP 200'],
      ['a status without a reason', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', 'success', 'HTTP 200'],
      ['204, which has no body', 'HTTP/1.1 204 No Content\r\n\r\n', 'success', 'HTTP 204'],
      ['HTTP/1.0 until the end', 'HTTP/1.0 200 OK\r\n\r\nwell', 'success', 'HTTP 200'],
      ['line ends without CR', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok', 'success', 'HTTP 200'],
      ['a redirect', 'HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n', 'success', 'HTTP 302'],
      ['404', 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n', 'failure', 'HTTP 404'],
      ['503', 'HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n', 'failure', 'HTTP 503'],
      ['an interim answer first', 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 No\r\n\r\n', 'failure', 'HTTP 500'],
      ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 'success', 'HTTP 200'],
      ['a cut body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nok', 'failure', 'the answer was cut off'],
      [
        'cut chunks',
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nok',
        'failure',
        'the answer was cut off',
      ],
      ['a cut head', 'HTTP/1.1 200 OK\r\nserver: x', 'failure', 'the answer was cut off'],
      ['a bad chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 'failure', 'not an HTTP answer'],
      ['a bad status', 'HTTP/1.1 2x0 OK\r\n\r\n', 'failure', 'not an HTTP answer'],
      ['a huge head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 'success', 'HTTP 200'],
      ['a huge line', 'HTTP/1.1 '.padEnd(20_000, 'y'), 'failure', 'not an HTTP answer'],
    ];
    for (const [name, answer, outcome, text] of outcomes) {
      test(`${outcome === 'success' ? 'passes' : 'fails'} with ${name}`, async (t) => {
        assert.deepEqual(await resultOf(checkOf('http', await httpAnswer(t, answer))), { outcome, text });
      });
    }

    test('reads the same verdict byte by byte', async (t) => {
      for (const [, answer, outcome, text] of outcomes.filter(([, answer]) => answer.length < 200)) {
        const port = await rawServer(t, (socket) => {
          socket.setNoDelay(true);
          for (const character of answer) socket.write(character);
          socket.end();
        });
        assert.deepEqual(await resultOf(checkOf('http', port)), { outcome, text }, JSON.stringify(answer));
      }
    });

    test('times out when the head says well and the body hangs', async (t) => {
      const port = await rawServer(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nok'));
      const result = await resultOf(checkOf('http', port, { timeoutMs: 100 }));
      assert.equal(result.outcome, 'timeout');
    });

    test('does not wait for the end of a connection that the server keeps', async (t) => {
      const port = await rawServer(t, (socket) =>
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
      );
      assert.equal((await resultOf(checkOf('http', port))).outcome, 'success');
    });

    test('sends what the kubelet sends', async (t) => {
      const heads: string[] = [];
      const port = await rawServer(t, (socket) =>
        socket.once('data', (bytes: Buffer) => {
          heads.push(bytes.toString('latin1'));
          socket.end('HTTP/1.1 204 x\r\n\r\n');
        }),
      );
      await resultOf(checkOf('http', port, { path: '/a b?q=%20ü#f' }));
      await resultOf(checkOf('http', port, { headers: ['Host', 'shop.example', 'Accept', '', 'X-Token', '7'] }));
      assert.deepEqual(heads, [
        `GET /a%20b?q=%20%C3%BC HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nuser-agent: fairway-probe/1.2.3\r\naccept: */*\r\n\r\n`,
        `GET /healthz HTTP/1.1\r\nuser-agent: fairway-probe/1.2.3\r\nHost: shop.example\r\nX-Token: 7\r\n\r\n`,
      ]);
    });

    test('never sends a header that would become two', async (t) => {
      const port = await rawServer(t, () => assert.fail('connected'));
      for (const headers of [
        ['x', 'a\r\ny: b'],
        ['x y', 'a'],
        ['x\r\ny', 'a'],
        ['', 'a'],
      ]) {
        const result = await resultOf(checkOf('http', port, { headers }));
        assert.match(result.text, /^the probe has an invalid header/);
      }
    });

    test('passes with the statuses that are expected, and no others', async (t) => {
      const expectedStatus = [
        [200, 204],
        [418, 418],
      ] as const;
      for (const [status, outcome] of [
        [200, 'success'],
        [204, 'success'],
        [205, 'failure'],
        [302, 'failure'],
        [418, 'success'],
      ] as const) {
        const port = await httpAnswer(t, `HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`);
        assert.equal((await resultOf(checkOf('http', port, { expectedStatus }))).outcome, outcome, `${status}`);
      }
    });

    test('asks twice over one connection, then opens another one', async (t) => {
      const seen: string[] = [];
      const port = await keepingServer(t, seen, () => ok);
      const { once, checker } = probing(checkOf('http', port), contextOf());
      for (let round = 0; round < 5; round += 1) assert.equal((await once()).outcome, 'success');
      checker.stop();
      assert.deepEqual(seen, ['1', '1 close', '2', '2 close', '3']);
    });

    test('keeps no connection beyond what may be kept, and none of an answer that leaves doubt', async (t) => {
      for (const [keep, answer] of [
        [0, ok],
        [9, `${ok}more`],
        [9, ok.replace('1.1', '1.0')],
        [9, ok.replace('\r\n', '\r\nConnection: Close\r\n')],
        [9, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\n'],
      ] as const) {
        const seen: string[] = [];
        const port = await keepingServer(t, seen, () => answer);
        const context = contextOf(keep);
        const { once, checker } = probing(checkOf('http', port), context);
        for (let round = 0; round < 3; round += 1) assert.equal((await once()).outcome, 'success', answer);
        assert.equal(context.kept.count, 0);
        checker.stop();
        assert.deepEqual(seen, ['1', '2', '3'], answer);
      }
    });

    test('does not take it for a failure when the server gives a kept connection up', async (t) => {
      const timedOut = 'HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n';
      for (const given of [undefined, timedOut]) {
        const seen: string[] = [];
        const port = await keepingServer(t, seen, (at) => (at === 1 ? given : ok));
        const { once, checker } = probing(checkOf('http', port), contextOf());
        for (let round = 0; round < 3; round += 1) assert.equal((await once()).outcome, 'success');
        checker.stop();
        // It asks no longer for a connection that stays.
        assert.deepEqual(seen, ['1', '1 close', '2 close', '3 close']);
      }
    });

    test('opens another connection when the server has closed the kept one, or talks unasked', async (t) => {
      for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.write('x')]) {
        const seen: string[] = [];
        const sockets: Socket[] = [];
        const port = await keepingServer(t, seen, () => ok, sockets);
        const context = contextOf();
        const { once, checker } = probing(checkOf('http', port), context);
        await once();
        assert.equal(context.kept.count, 1);
        const [socket] = sockets;
        assert.ok(socket);
        const closed = new Promise((resolve) => socket.on('close', resolve));
        end(socket);
        await closed;
        assert.equal(context.kept.count, 0);
        assert.equal((await once()).outcome, 'success');
        checker.stop();
        assert.deepEqual(seen, ['1', '2 close']);
      }
    });

    test('counts silence on a kept connection, and asks the next time over a new one', async (t) => {
      const seen: string[] = [];
      const port = await keepingServer(t, seen, (at) => (at === 1 ? '' : ok));
      const { once, checker } = probing(checkOf('http', port, { timeoutMs: 200 }), contextOf());
      assert.equal((await once()).outcome, 'success');
      assert.equal((await once()).outcome, 'timeout');
      assert.equal((await once()).outcome, 'success');
      checker.stop();
      assert.deepEqual(seen, ['1', '1 close', '2']);
    });

    test('accepts any certificate', async (t) => {
      const server = createHttpsServer(selfSigned('other.example'), (_request, response) => response.end('ok'));
      const port = await listenOn(t, server);
      assert.deepEqual(await resultOf(checkOf('http', port, { scheme: 'https' })), {
        outcome: 'success',
        text: 'HTTP 200',
      });
    });

    test('fails when TLS is asked of a plain server', async (t) => {
      const port = await listenOn(
        t,
        createHttpServer((_request, response) => response.end('ok')),
      );
      const result = await resultOf(checkOf('http', port, { scheme: 'https' }));
      assert.equal(result.outcome, 'failure');
    });

    test('times out when the TLS handshake hangs', async (t) => {
      const port = await rawServer(t, () => {});
      const result = await resultOf(checkOf('http', port, { scheme: 'https', timeoutMs: 100 }));
      assert.equal(result.outcome, 'timeout');
    });
  });
}

suite('a grpc check', () => {
  test('asks for the service that the probe names', async (t) => {
    const requests: Buffer[] = [];
    const port = await grpcServer(t, (stream, request) => {
      requests.push(request);
      grpcAnswer(stream, [0x08, 1]);
    });
    const long = 'x'.repeat(300);
    for (const service of ['', 'shop.Cart', long]) await resultOf(checkOf('grpc', port, { service }));
    assert.deepEqual(
      requests.map((request) => request.toString('latin1')),
      ['\0\0\0\0\0', '\0\0\0\0\x0b\n\x09shop.Cart', `\0\0\0\x01\x2f\n\xac\x02${long}`],
    );
  });

  const answers: readonly (readonly [string, readonly number[], string, string])[] = [
    ['UNKNOWN, which is not written', [], '0', 'UNKNOWN'],
    ['NOT_SERVING', [0x08, 2], '0', 'NOT_SERVING'],
    ['a status of tomorrow', [0x08, 9], '0', 'serving status 9'],
    ['a message that ends early', [0x08], '0', 'not a gRPC health answer'],
    ['the status of an error', [0x08, 1], '14', 'gRPC status 14'],
    ['no health service', [], '12', 'the gRPC health service is not implemented'],
  ];
  for (const [name, message, status, text] of answers) {
    test(`fails with ${name}`, async (t) => {
      const port = await grpcServer(t, (stream) => grpcAnswer(stream, message, status));
      assert.deepEqual(await resultOf(checkOf('grpc', port)), { outcome: 'failure', text });
    });
  }

  test('skips fields that it does not know', async (t) => {
    const port = await grpcServer(t, (stream) => grpcAnswer(stream, [0x12, 1, 65, 0x08, 1, 0x1d, 1, 2, 3, 4]));
    assert.deepEqual(await resultOf(checkOf('grpc', port)), { outcome: 'success', text: 'SERVING' });
  });

  test('fails with trailers only, as servers without the service answer', async (t) => {
    const port = await grpcServer(t, (stream) =>
      stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true }),
    );
    const result = await resultOf(checkOf('grpc', port));
    assert.equal(result.text, 'the gRPC health service is not implemented');
  });

  test('fails with an HTTP status that is not 200', async (t) => {
    const port = await grpcServer(t, (stream) => stream.respond({ ':status': 502 }, { endStream: true }));
    assert.deepEqual(await resultOf(checkOf('grpc', port)), { outcome: 'failure', text: 'HTTP 502' });
  });
});

assert.ok(nodeHandles, 'this Node has the handles that we know');
for (const [way, how] of [
  ['directly', directProbes(nodeHandles)],
  ['by sockets', openSocket],
] as const) {
  suite(way, () => {
    before(() => (open = how));
    for (const kind of checkKinds) contractOf(kind, way);
    httpTests();
  });
}
