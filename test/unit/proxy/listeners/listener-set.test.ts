import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { suite, test } from 'node:test';

import { CoarseTimers } from '../../../../src/lib/coarse-timers.ts';
import { nodeHandles } from '../../../../src/lib/node-handles.ts';
import { CertificateContexts } from '../../../../src/proxy/listeners/certificate-contexts.ts';
import type { DirectParts } from '../../../../src/proxy/listeners/listener-set.ts';
import { ListenerSet } from '../../../../src/proxy/listeners/listener-set.ts';
import { TlsTermination } from '../../../../src/proxy/listeners/tls.ts';
import type { BoundSocket } from '../../../../src/supervisor/sockets.ts';
import { bindSocket } from '../../../../src/supervisor/sockets.ts';
import { until } from '../../../support/until.ts';

interface Listening {
  readonly set: ListenerSet;
  /** Connections that were accepted. */
  count: number;
}

function listening(direct: boolean): Listening {
  const tlsParts = {
    certificateFor: () => undefined,
    ticketKeys: new Uint8Array(48),
    onBadCertificate: () => undefined,
  };
  const contexts = new CertificateContexts(tlsParts);
  const directParts = (handles: DirectParts['handles']): DirectParts => ({
    handles,
    contexts,
    timers: new CoarseTimers(() => performance.now()),
    onConnection: ({ socket }) => {
      result.count += 1;
      socket.destroy();
    },
  });
  const set = new ListenerSet({
    tls: new TlsTermination(contexts, () => undefined),
    onConnection: ({ socket }) => {
      result.count += 1;
      socket.destroy();
    },
    connectionLimit: () => Number.POSITIVE_INFINITY,
    onRefused: () => undefined,
    onError: (port, error) => assert.fail(`${port}: ${String(error)}`),
    ...(direct && nodeHandles !== undefined ? { direct: directParts(nodeHandles) } : {}),
  });
  const result: Listening = { set, count: 0 };
  return result;
}

function bind(): BoundSocket {
  return bindSocket({ address: '127.0.0.1', port: 0, what: 'test', flag: 'test' });
}

/** On loopback the kernel has completed the connections when this returns; nobody has accepted them yet. */
function queue(port: number, count: number): Promise<readonly string[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = net.connect({ port, host: '127.0.0.1' }).resume();
      try {
        await once(socket, 'connect');
        return 'connected';
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? '';
      } finally {
        socket.destroy();
      }
    }),
  );
}

for (const kind of ['handles', 'streams'] as const) {
  suite(`listeners, connections as ${kind}`, () => {
    test('everything that waits is accepted before the last copy of the socket is closed', async () => {
      const listener = listening(kind === 'handles');
      const socket = bind();
      listener.set.listen('http', socket.port, socket.handle);
      const waiting = queue(socket.port, 200);
      await listener.set.stopAccepting();
      assert.equal(listener.count, 200);
      assert.deepEqual(new Set(await waiting), new Set(['connected']));
      assert.deepEqual(await queue(socket.port, 1), ['ECONNREFUSED']);
    });

    test('a single socket is closed by what `listen` gave, the others go on', async () => {
      const listener = listening(kind === 'handles');
      const [first, second] = [bind(), bind()];
      const close = listener.set.listen('http', first.port, first.handle);
      listener.set.listen('http', second.port, second.handle);
      const waiting = queue(first.port, 20);
      close();
      close();
      assert.deepEqual(new Set(await waiting), new Set(['connected']));
      await until(async () => ((await queue(first.port, 1))[0] === 'ECONNREFUSED' ? true : undefined));
      assert.ok(listener.count >= 20);
      assert.deepEqual(await queue(second.port, 1), ['connected']);
      await listener.set.stopAccepting();
    });
  });
}
