import http from 'node:http';
import net from 'node:net';

import type { FromWorker, ToWorker } from '../../src/model/messages.ts';

/**
 * A data worker as small as it can be, for tests of the supervisor: answers every request with its index, process id and
 * version. `--pod-name` tells it to misbehave: `dies-at-start`, or `rejects-2` for the update to version 2.
 */
let index = -1;
let version = 0;
let behaviour = '';
const server = http.createServer((request, response) => {
  const answer = (): void => void response.end(JSON.stringify({ index, pid: process.pid, version }));
  if (request.url === '/slow') setTimeout(answer, 500);
  else if (request.url === '/hang') for (;;);
  else if (request.url === '/leave') leave(answer);
  else answer();
});

/** One for each socket. */
const acceptors = new Map<number, net.Server>();

function accept(socket: number, handle: net.Server): void {
  const acceptor = net.createServer((connection) => server.emit('connection', connection));
  acceptors.set(socket, acceptor);
  acceptor.listen(handle, 4096);
}

/** Accepts no longer and ends a second later, as a data worker does that found a bug in itself. */
function leave(answer: () => void): void {
  say({ kind: 'leaving' });
  for (const acceptor of acceptors.values()) acceptor.close();
  answer();
  setTimeout(() => process.exit(1), 1_000);
}

/** Stops accepting; ends when every connection has ended. */
async function drain(): Promise<void> {
  const closed = [...acceptors.values()].map((acceptor) => new Promise((resolve) => acceptor.close(resolve)));
  server.closeIdleConnections();
  await Promise.all(closed);
  say({ kind: 'drained', openConnections: 0 });
  process.exit(0);
}

function say(message: FromWorker): void {
  process.send?.(message);
}

function onUpdate(update: { readonly from: number; readonly to: number }): void {
  const refused = update.from !== version || behaviour === `rejects-${update.to}`;
  if (refused) return say({ kind: 'rejected', version: update.to, what: 'Update', why: 'the test asks', fix: 'None.' });
  version = update.to;
  say({ kind: 'applied', version });
}

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToWorker, handle: net.Server) => {
  switch (message.kind) {
    case 'birth':
      index = message.index;
      behaviour = String(message.settings['podName']);
      if (behaviour === 'dies-at-start') process.exit(1);
      setInterval(() => say({ kind: 'heartbeat', loopUtilization: 0, loopDelayMs: 0, rssBytes: 1 }), 100);
      return;
    case 'update':
      return onUpdate(message.update);
    case 'listener':
      accept(message.socket, handle);
      return say({ kind: 'listening', id: message.id, socket: message.socket });
    case 'close-listener':
      acceptors.get(message.socket)?.close();
      acceptors.delete(message.socket);
      return;
    case 'collect':
      return say({ kind: 'collected', request: message.request, samples: [] });
    case 'drain':
      return void drain();
    case 'ejected':
    case 'health':
    case 'lameduck':
      return;
  }
});
