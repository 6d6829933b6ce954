import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTcp, createServer } from 'node:net';
import { suite, test } from 'node:test';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';

import { answering, okAnswer, untilEnd } from '../../../support/backends.ts';
import { startEngine } from '../../../support/engine.ts';
import { servedCertificate } from '../../../support/served-certificate.ts';

/** TLS as clients see it, through an engine. */

async function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

async function nameShown(port: number, options: ConnectionOptions): Promise<string> {
  const socket = await handshake(port, options);
  const name = socket.getPeerX509Certificate()?.subject ?? '';
  socket.destroy();
  return name;
}

const request = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';

for (const engine of ['native', 'http-proxy'] as const) {
  suite(`engine ${engine}`, () => {
    test('the server name chooses the certificate: exact, wildcard, default', async (t) => {
      const standard = servedCertificate('default.test');
      const { httpsPort } = await startEngine(t, engine, {
        hosts: { 'a.test': servedCertificate('a.test'), '*.w.test': servedCertificate('*.w.test') },
        certificates: [standard],
        options: { defaultCertificate: standard.id },
      });
      assert.equal(await nameShown(httpsPort, { servername: 'a.test' }), 'CN=a.test');
      assert.equal(await nameShown(httpsPort, { servername: 'A.TEST' }), 'CN=a.test');
      assert.equal(await nameShown(httpsPort, { servername: 'x.w.test' }), 'CN=*.w.test');
      assert.equal(await nameShown(httpsPort, { servername: 'unknown.test' }), 'CN=default.test');
      assert.equal(await nameShown(httpsPort, {}), 'CN=default.test');
    });

    test('requests are served over TLS, with HTTP/1.1 as the only protocol', async (t) => {
      const certificate = servedCertificate('a.test');
      const upstream = await answering(t, okAnswer('hi'));
      const { httpsPort, log } = await startEngine(t, engine, {
        hosts: { 'a.test': certificate },
        endpoints: [upstream.port],
      });
      const socket = await handshake(httpsPort, { servername: 'a.test', ALPNProtocols: ['h2', 'http/1.1'] });
      assert.equal(socket.alpnProtocol, 'http/1.1');
      const ended = untilEnd(socket);
      socket.write(request);
      assert.match((await ended).text, /\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\n/);
      assert.match(upstream.heads[0] ?? '', /\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\n/);
      assert.equal(log[0]?.scheme, 'https');
    });

    test('TLS 1.2 and 1.3 are spoken, nothing older, and the options can narrow that', async (t) => {
      const certificate = servedCertificate('a.test');
      const hosts = { 'a.test': certificate };
      const { httpsPort, publish } = await startEngine(t, engine, { hosts });
      const versionWith = async (options: ConnectionOptions): Promise<string | null> => {
        const socket = await handshake(httpsPort, { servername: 'a.test', ...options });
        const version = socket.getProtocol();
        socket.destroy();
        return version;
      };
      assert.equal(await versionWith({}), 'TLSv1.3');
      assert.equal(await versionWith({ maxVersion: 'TLSv1.2' }), 'TLSv1.2');
      await assert.rejects(versionWith({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }));
      publish({ hosts, options: { tlsMinVersion: 'TLSv1.3' } });
      await assert.rejects(versionWith({ maxVersion: 'TLSv1.2' }));
      assert.equal(await versionWith({}), 'TLSv1.3');
    });

    test('AES-128 is preferred, and nothing is agreed on twice', async (t) => {
      const { httpsPort } = await startEngine(t, engine, { hosts: { 'a.test': servedCertificate('a.test') } });
      const modern = await handshake(httpsPort, { servername: 'a.test' });
      assert.equal(modern.getCipher().name, 'TLS_AES_128_GCM_SHA256');
      modern.destroy();
      const older = await handshake(httpsPort, { servername: 'a.test', maxVersion: 'TLSv1.2' });
      assert.equal(older.getCipher().name, 'ECDHE-ECDSA-AES128-GCM-SHA256');
      const refused = once(older, 'error') as Promise<[Error]>;
      older.renegotiate({}, () => undefined);
      assert.match(String((await refused)[0]), /no renegotiation/);
    });

    test('another certificate is shown at once, and open connections go on', async (t) => {
      const upstream = await answering(t, okAnswer('hi'));
      const before = servedCertificate('a.test', '1');
      const after = { ...servedCertificate('b.test', '2'), source: 'shop/a.test' };
      const endpoints = [upstream.port];
      const { httpsPort, publish } = await startEngine(t, engine, { hosts: { 'a.test': before }, endpoints });
      const open = await handshake(httpsPort, { servername: 'a.test' });
      publish({ hosts: { 'a.test': after }, endpoints });
      assert.equal(await nameShown(httpsPort, { servername: 'a.test' }), 'CN=b.test');
      const ended = untilEnd(open);
      open.write(request);
      assert.match((await ended).text, /^HTTP\/1\.1 200 OK/);
    });

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      test(`a ${version} session of one worker is resumed by another one`, async (t) => {
        const ticketKeys = new Uint8Array(randomBytes(48));
        const certificate = servedCertificate('a.test');
        const upstream = await answering(t, okAnswer('hi'));
        const parts = { hosts: { 'a.test': certificate }, endpoints: [upstream.port], ticketKeys };
        const [first, second] = [await startEngine(t, engine, parts), await startEngine(t, engine, parts)];
        const socket = connect({
          port: first.httpsPort,
          host: '127.0.0.1',
          servername: 'a.test',
          rejectUnauthorized: false,
          minVersion: version,
          maxVersion: version,
        });
        const sessions: Buffer[] = [];
        socket.on('session', (session: Buffer) => sessions.push(session));
        await once(socket, 'secureConnect');
        const ended = untilEnd(socket);
        socket.write(request);
        await ended;
        const session = sessions.at(-1);
        assert.ok(session !== undefined);
        const again = await handshake(second.httpsPort, {
          servername: 'a.test',
          session,
          minVersion: version,
          maxVersion: version,
        });
        assert.equal(again.isSessionReused(), true);
        again.destroy();
      });
    }

    test('a certificate that OpenSSL refuses fails its own handshakes and is said once', async (t) => {
      const broken = { ...servedCertificate('bad.test'), keyPem: 'not a key' };
      const good = servedCertificate('a.test');
      const { httpsPort, bugs } = await startEngine(t, engine, { hosts: { 'a.test': good, 'bad.test': broken } });
      for (let round = 0; round < 3; round += 1) {
        await assert.rejects(nameShown(httpsPort, { servername: 'bad.test' }));
        assert.equal(await nameShown(httpsPort, { servername: 'a.test' }), 'CN=a.test');
      }
      assert.equal(bugs.length, 1);
      assert.match(String(bugs[0]), /The certificate of shop\/bad\.test cannot be used/);
      assert.doesNotMatch(String(bugs[0]), /not a key/);
    });

    test("plain HTTP on the TLS port is answered with nginx' page, in the access log", async (t) => {
      const { httpsPort, log } = await startEngine(t, engine, { hosts: { 'a.test': servedCertificate('a.test') } });
      const socket = connectTcp(httpsPort, '127.0.0.1');
      const ended = untilEnd(socket);
      socket.write('GET /plain HTTP/1.1\r\nHost: a.test\r\n\r\n');
      const { text } = await ended;
      assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(text, /<title>400 The plain HTTP request was sent to HTTPS port<\/title>/);
      assert.match(text, /\r\nConnection: close\r\n/);
      assert.doesNotMatch(text, /Strict-Transport-Security/);
      assert.equal(log[0]?.status, 400);
    });

    test('connections that say nothing, half a record, garbage or a reset end alone', async (t) => {
      const { httpsPort, bugs } = await startEngine(t, engine, { hosts: { 'a.test': servedCertificate('a.test') } });
      const nothing = Buffer.alloc(0);
      const garbage = Buffer.from([0x16, 3, 1, 0xff, 0xff, 1, 2, 3]);
      for (const [bytes, how] of [
        [nothing, 'end'],
        [nothing, 'resetAndDestroy'],
        [Buffer.from([0x16]), 'resetAndDestroy'],
        [garbage, 'end'],
        [garbage, 'resetAndDestroy'],
      ] as const) {
        const socket = connectTcp(httpsPort, '127.0.0.1');
        await once(socket, 'connect');
        const ended = untilEnd(socket);
        if (bytes.length > 0) socket.write(bytes);
        socket[how]();
        await ended;
      }
      assert.equal(await nameShown(httpsPort, { servername: 'a.test' }), 'CN=a.test');
      assert.deepEqual(bugs, []);
    });

    test('a ClientHello in pieces of one byte is read', async (t) => {
      const { httpsPort } = await startEngine(t, engine, { hosts: { 'a.test': servedCertificate('a.test') } });
      const hello = await clientHello();
      const socket = connectTcp({ port: httpsPort, host: '127.0.0.1', noDelay: true });
      for (const byte of hello) {
        socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const [answer] = (await once(socket, 'data')) as [Buffer];
      assert.equal(answer[0], 0x16);
      socket.destroy();
    });

    /** The first bytes that a TLS client sends. */
    async function clientHello(): Promise<Buffer> {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const client = connect({ port, host: '127.0.0.1', servername: 'a.test', rejectUnauthorized: false });
      client.on('error', () => undefined);
      const [peer] = (await once(server, 'connection')) as [Socket];
      const [hello] = (await once(peer, 'data')) as [Buffer];
      client.destroy();
      peer.destroy();
      server.close();
      return hello;
    }
  });
}
