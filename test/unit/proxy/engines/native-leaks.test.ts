import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { queryObjects } from 'node:v8';

import { HandleSocket } from '../../../../src/lib/handle-socket.ts';
import { Handshake } from '../../../../src/proxy/listeners/handshake.ts';
import { ClientConnection } from '../../../../src/proxy/protocols/http1/client-connection.ts';
import { ClientExchange } from '../../../../src/proxy/protocols/http1/client-exchange.ts';
import { UpstreamConnection } from '../../../../src/proxy/protocols/http1/upstream-connection.ts';
import { backend, untilEnd } from '../../../support/backends.ts';
import { startEngine } from '../../../support/engine.ts';
import { servedCertificate } from '../../../support/served-certificate.ts';
import { until } from '../../../support/until.ts';

/** Nothing of a connection is left when it is over, however it ended. */

const kinds = { HandleSocket, Handshake, ClientConnection, ClientExchange, UpstreamConnection };

function left(): Record<string, number> {
  const counts = Object.entries(kinds).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })] as const);
  return Object.fromEntries(counts);
}

const certificate = servedCertificate('h.test');
const common = 'Host: h.test\r\n';
const upgrade = `GET /tunnel HTTP/1.1\r\n${common}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;

/** What a client does on an open connection; it is over when the connection is. */
const endings: Readonly<Record<string, (client: Socket) => Promise<unknown>>> = {
  'an answer and the end': (client) => {
    client.write(`GET / HTTP/1.1\r\n${common}Connection: close\r\n\r\n`);
    return untilEnd(client);
  },
  'the end of the client': (client) => {
    client.end(`GET / HTTP/1.1\r\n${common}\r\n`);
    return untilEnd(client);
  },
  'a tunnel that the client ends': async (client) => {
    client.write(upgrade);
    await once(client, 'data');
    client.end('last words');
    await untilEnd(client);
  },
  'a tunnel that the client breaks off': async (client) => {
    client.write(upgrade);
    await once(client, 'data');
    client.destroy();
  },
  'an upload that is broken off': async (client) => {
    client.write(`POST / HTTP/1.1\r\n${common}Content-Length: 1000000\r\n\r\n`);
    await new Promise<void>((resolve) => client.write(Buffer.alloc(100_000), () => resolve()));
    client.destroy();
  },
  'no request': (client) => Promise.resolve(client.destroy()),
  'no answer': async (client) => {
    client.write(`GET /never HTTP/1.1\r\n${common}\r\n`);
    await new Promise(setImmediate);
    client.destroy();
  },
};

function answer(socket: Socket, head: string): void {
  if (head.startsWith('GET /tunnel')) {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.once('end', () => socket.end());
  } else if (head.startsWith('GET / ')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
}

for (const [name, run] of Object.entries(endings)) {
  for (const secure of [false, true]) {
    test(`${name}, ${secure ? 'TLS' : 'plain'}: nothing is left`, async (t) => {
      const upstream = await backend(t, answer);
      const running = await startEngine(t, 'native', {
        endpoints: [upstream.port],
        certificates: [certificate],
        options: { upstreamKeepAliveConnections: 0, defaultCertificate: certificate.id },
      });
      for (let round = 0; round < 5; round += 1) {
        const client = secure
          ? connectTls({ port: running.httpsPort, host: '127.0.0.1', rejectUnauthorized: false })
          : connect(running.httpPort, '127.0.0.1');
        client.on('error', () => undefined);
        await once(client, secure ? 'secureConnect' : 'connect');
        await run(client);
      }
      await until(() => (Object.values(left()).every((count) => count === 0) ? true : undefined)).catch(() =>
        assert.deepEqual(left(), {}),
      );
    });
  }
}
