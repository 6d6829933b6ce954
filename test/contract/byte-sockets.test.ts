import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';

import type { ByteSocket, SocketOwner } from '../../src/lib/byte-socket.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { CoarseTimers } from '../../src/lib/coarse-timers.ts';
import { HandleSocket } from '../../src/lib/handle-socket.ts';
import type { TcpHandle } from '../../src/lib/node-handles.ts';
import { nodeHandles } from '../../src/lib/node-handles.ts';
import { StreamSocket } from '../../src/lib/stream-socket.ts';
import { CertificateContexts } from '../../src/proxy/listeners/certificate-contexts.ts';
import { acceptHandles } from '../../src/proxy/listeners/direct-accept.ts';
import { Handshake } from '../../src/proxy/listeners/handshake.ts';
import { untilEnd } from '../support/backends.ts';
import { servedCertificate } from '../support/served-certificate.ts';
import { until } from '../support/until.ts';

/** What the engine may expect of a socket, whatever it is made of. */

const handles = nodeHandles;
assert.ok(handles !== undefined, 'this Node has the handles that we know');
const certificate = servedCertificate('a.test');

type OnSocket = (socket: ByteSocket) => void;
interface Kind {
  readonly secure: boolean;
  /** A listening server that gives its connections as `ByteSocket`. */
  serve(onSocket: OnSocket): Server;
}

/** The handle that is changed is there from the first event on. */
function onHandles(onHandle: (handle: TcpHandle) => void): Server {
  const server = createServer();
  server.once('listening', () => {
    assert.ok(handles !== undefined);
    acceptHandles(server, handles, onHandle);
  });
  return server.listen(0, '127.0.0.1');
}

const kinds: Readonly<Record<string, Kind>> = {
  'HandleSocket, plain': {
    secure: false,
    serve: (onSocket) =>
      onHandles((handle) => {
        const socket = new HandleSocket(handles, handle, undefined, () => undefined);
        onSocket(socket);
        socket.resume();
      }),
  },
  'HandleSocket, TLS': {
    secure: true,
    serve: (onSocket) => {
      const contexts = new CertificateContexts({
        certificateFor: () => certificate,
        ticketKeys: new Uint8Array(randomBytes(48)),
        onBadCertificate: (_certificate, error) => assert.fail(String(error)),
      });
      const parts = {
        handles,
        contexts,
        timers: new CoarseTimers(systemClock.now),
        localPort: 443,
        onConnection: ({ socket }: { readonly socket: ByteSocket }) => onSocket(socket),
        onGone: () => undefined,
      };
      return onHandles((handle) => void new Handshake(parts, handle));
    },
  },
  'StreamSocket, plain': {
    secure: false,
    serve: (onSocket) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.on('error', () => undefined);
        onSocket(new StreamSocket(socket));
      });
      return server.listen(0, '127.0.0.1');
    },
  },
  'StreamSocket, TLS': {
    secure: true,
    serve: (onSocket) => {
      const options = { key: certificate.keyPem, cert: certificate.chainPem, allowHalfOpen: true };
      const server = createTlsServer(options, (socket) => {
        socket.on('error', () => undefined);
        onSocket(new StreamSocket(socket));
      });
      return server.listen(0, '127.0.0.1');
    },
  },
};

/** Writes down what happens, and what came. */
class Notes implements SocketOwner {
  readonly events: string[] = [];
  readonly chunks: Buffer[] = [];
  bytes = 0;

  onInput(bytes: Buffer, from: number, to: number, shared: boolean): void {
    const came = bytes.subarray(from, to);
    this.bytes += came.length;
    this.chunks.push(shared ? Buffer.from(came) : came);
  }
  onEnd(): void {
    this.events.push('end');
  }
  onDrain(): void {
    this.events.push('drain');
  }
  onClose(hadError: boolean): void {
    this.events.push(hadError ? 'close with error' : 'close');
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
  async has(event: string): Promise<void> {
    await until(() => (this.events.includes(event) ? true : undefined));
  }
}

interface Pair {
  readonly socket: ByteSocket;
  readonly notes: Notes;
  readonly client: Socket;
}

async function pair(t: TestContext, kind: Kind): Promise<Pair> {
  const accepted: ByteSocket[] = [];
  const server = kind.serve((socket) => accepted.push(socket));
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const at = { port, host: '127.0.0.1' };
  const client = kind.secure ? connectTls({ ...at, rejectUnauthorized: false, servername: 'a.test' }) : connect(at);
  client.on('error', () => undefined);
  await once(client, kind.secure ? 'secureConnect' : 'connect');
  const socket = await until(() => accepted[0]);
  const notes = new Notes();
  socket.owner = notes;
  t.after(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return { socket, notes, client };
}

for (const [name, kind] of Object.entries(kinds)) {
  suite(name, () => {
    test('what the client writes comes, and the client gets what is written', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      client.write('question');
      await until(() => (notes.text === 'question' ? true : undefined));
      assert.equal(socket.remotePort, client.localPort);
      assert.equal(socket.remoteAddress, '127.0.0.1');
      const ended = untilEnd(client);
      socket.writeText('ans');
      socket.write(Buffer.from('wer \xe9', 'latin1'));
      socket.writeText('\xff');
      socket.end();
      assert.equal(socket.writableEnded, true);
      assert.equal((await ended).text, 'answer \xe9\xff');
      assert.equal(socket.received > 0 && socket.sent > 0, true);
    });

    test('corked writes come in their order', async (t) => {
      const { client, socket } = await pair(t, kind);
      const ended = untilEnd(client);
      socket.cork();
      socket.writeText('one ');
      socket.write(Buffer.from('two '));
      socket.writeText('three');
      socket.uncork();
      socket.writeText(' four');
      socket.end();
      assert.equal((await ended).text, 'one two three four');
    });

    test('many writes in one turn, and a large one behind them, arrive whole', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      const parts = Array.from({ length: 500 }, (_, at) => randomBytes(1 + ((at * 977) % 9000)));
      const large = randomBytes(8_000_000);
      const chunks: Buffer[] = [];
      client.on('data', (chunk: Buffer) => chunks.push(chunk));
      const flowing = parts.map((part, at) =>
        at % 2 === 0 ? socket.write(part) : socket.writeText(part.toString('latin1')),
      );
      assert.equal(socket.write(large), false, 'more than the kernel takes');
      assert.equal(socket.writableNeedDrain, true);
      assert.ok(socket.unsent > 0);
      assert.equal(flowing[0], true);
      await notes.has('drain');
      assert.equal(socket.unsent, 0);
      socket.end();
      await once(client, 'end');
      assert.ok(Buffer.concat(chunks).equals(Buffer.concat([...parts, large])));
    });

    test('the end of the client is heard, and the other direction goes on', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      const ended = untilEnd(client);
      client.end('last words');
      await notes.has('end');
      assert.equal(notes.text, 'last words');
      assert.equal(socket.readableEnded, true);
      assert.equal(socket.destroyed, false);
      socket.writeText('late answer');
      socket.end();
      assert.equal((await ended).text, 'late answer');
      await notes.has('close');
      assert.equal(socket.destroyed, true);
    });

    test('what is written before the close arrives, however much it is', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      const ended = untilEnd(client);
      socket.write(Buffer.alloc(5_000_000, 'x'));
      socket.destroySoon();
      const { text, reset } = await ended;
      assert.equal(text.length, 5_000_000);
      assert.equal(reset, false);
      client.end();
      await notes.has('close');
    });

    test('nothing comes while it is paused, and all of it comes later', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      socket.pause();
      const sent = randomBytes(3_000_000);
      client.end(sent);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const whilePaused = notes.bytes;
      // What was on its way already may come, but not all.
      assert.ok(whilePaused <= 128 * 1024, `${whilePaused} bytes`);
      assert.deepEqual(notes.events, []);
      socket.resume();
      await notes.has('end');
      assert.ok(Buffer.concat(notes.chunks).equals(sent));
    });

    test('large reads in buffers of their own are not written over', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      const sent = randomBytes(4_000_000);
      notes.onInput = (bytes, from, to, shared) => {
        socket.expectMore(to - from);
        notes.chunks.push(shared ? Buffer.from(bytes.subarray(from, to)) : bytes.subarray(from, to));
      };
      client.end(sent);
      await notes.has('end');
      assert.ok(Buffer.concat(notes.chunks).equals(sent));
    });

    test('buffers whose bytes are not needed any more may be filled again, others are not', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      const sent = randomBytes(4_000_000);
      let reads = 0;
      notes.onInput = (bytes, from, to, shared) => {
        socket.expectMore(to - from);
        reads += 1;
        const kept = shared || reads % 3 !== 0;
        notes.chunks.push(kept ? Buffer.from(bytes.subarray(from, to)) : bytes.subarray(from, to));
        if (kept) socket.reuse();
      };
      client.end(sent);
      await notes.has('end');
      assert.ok(Buffer.concat(notes.chunks).equals(sent));
    });

    test('what was read comes before the end that came with it', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      notes.onInput = (bytes, from, to) => void notes.events.push(bytes.toString('latin1', from, to));
      socket.pause();
      client.end('last words');
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.resume();
      await notes.has('end');
      assert.deepEqual(notes.events, ['last words', 'end']);
    });

    test('a reset by the client closes it', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      client.write('some');
      await until(() => (notes.bytes === 4 ? true : undefined));
      if (kind.secure) client.destroy();
      else client.resetAndDestroy();
      // Over TLS it may come as an end (Node 26.10).
      await until(() => (notes.events.length > 0 ? true : undefined));
      socket.destroy();
      await until(() => (notes.events.some((one) => one.startsWith('close')) ? true : undefined));
      assert.equal(socket.write(Buffer.from('x')), false);
      assert.equal(socket.writeText('x'), false);
    });

    test('closing is heard once, and not within the call', async (t) => {
      const { notes, socket } = await pair(t, kind);
      socket.destroy();
      socket.destroy();
      assert.equal(socket.destroyed, true);
      assert.deepEqual(notes.events, []);
      await notes.has('close');
      await new Promise(setImmediate);
      assert.deepEqual(notes.events, ['close']);
    });

    test('closing while a write is under way', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      const ended = untilEnd(client);
      socket.write(Buffer.alloc(20_000_000));
      socket.writeText('more');
      socket.destroy();
      await notes.has('close');
      assert.deepEqual(notes.events, ['close']);
      assert.ok((await ended).text.length < 20_000_000);
    });

    test('a reset is one where TLS allows it, and closes in any case', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      const ended = untilEnd(client);
      socket.resetAndDestroy();
      const { reset } = await ended;
      if (!kind.secure) assert.equal(reset, true);
      await notes.has('close');
    });

    test('a reset after the end closes it', async (t) => {
      const { notes, socket } = await pair(t, kind);
      socket.write(Buffer.alloc(20_000_000));
      socket.end();
      socket.resetAndDestroy();
      await notes.has('close');
    });

    test('its owner may close it while it reads', async (t) => {
      const { client, notes, socket } = await pair(t, kind);
      notes.onInput = () => socket.destroy();
      client.write(randomBytes(300_000));
      await until(() => (notes.events.some((one) => one.startsWith('close')) ? true : undefined));
    });
  });
}
