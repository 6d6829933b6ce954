import http from 'node:http';

import { listenerId } from '../../src/model/ids.ts';
import type { FromControl, ToControl } from '../../src/model/messages.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { diffSnapshots } from '../../src/model/update.ts';

/**
 * A control process as small as it can be, for tests of the supervisor. Its admin listener answers `/` with all that it
 * was told, and does what the path says: `/update`, `/skip` (an update that leaves one out), `/fatal`, `/collect`.
 * `--pod-name` tells it to misbehave: `never-ready`, `fatal-at-start`.
 */
let snapshot: Snapshot | undefined;
const told: ToControl[] = [];

function say(message: FromControl): void {
  process.send?.(message);
}

function publish(change: Partial<Snapshot>): void {
  if (snapshot === undefined) return;
  const next = { ...snapshot, ...change };
  say({ kind: 'update', update: diffSnapshots(snapshot, next) });
  snapshot = next;
}

function fatal(): void {
  say({ kind: 'fatal', code: 'test', what: 'Nothing works', why: 'the test asks', fix: 'None.' });
}

const server = http.createServer((request, response) => {
  const version = snapshot?.version ?? 0;
  if (request.url === '/update') publish({ version: version + 1 });
  if (request.url === '/skip' && snapshot !== undefined) {
    snapshot = { ...snapshot, version: version + 1 };
    publish({ version: version + 2 });
  }
  if (request.url === '/fatal') fatal();
  if (request.url === '/collect') say({ kind: 'collect', request: 7 });
  const text = JSON.stringify({ pid: process.pid, version: snapshot?.version, told }, (_key, value: unknown) =>
    value instanceof Map || value instanceof Uint8Array ? undefined : value,
  );
  response.end(text);
});

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToControl, handle: http.Server) => {
  // Only the last state of each phase: it comes every second.
  if (message.kind === 'state') {
    const at = told.findIndex((one) => one.kind === 'state' && one.phase === message.phase);
    if (at >= 0) told.splice(at, 1);
  }
  told.push(message);
  if (message.kind === 'admin-listener') server.listen(handle);
  if (message.kind === 'drain') say({ kind: 'drained' });
  if (message.kind !== 'birth') return;
  snapshot = message.snapshot;
  setInterval(() => say({ kind: 'heartbeat' }), 100);
  const behaviour = message.settings['podName'];
  if (behaviour === 'fatal-at-start') return fatal();
  if (behaviour === 'never-ready' || snapshot.version > 0) return;
  const id = listenerId('http');
  const port = Number(message.settings['httpPort']);
  publish({ version: 1, listeners: new Map([[id, { id, address: '127.0.0.1', port, protocol: 'http' }]]) });
});
