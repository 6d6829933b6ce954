import http from 'node:http';

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
  else answer();
});

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
process.on('message', (message: ToWorker, handle: http.Server) => {
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
      server.listen(handle, 4096);
      return say({ kind: 'listening', id: message.id });
    case 'collect':
      return say({ kind: 'collected', request: message.request, samples: [] });
    case 'drain':
      server.close(() => {
        say({ kind: 'drained', openConnections: 0 });
        process.exit(0);
      });
      return;
    case 'ejected':
    case 'health':
    case 'lameduck':
      return;
  }
});
