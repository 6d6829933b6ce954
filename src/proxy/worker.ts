import type { FromWorker, ToWorker } from '../model/messages.ts';
import type { SocketHandle } from './engines/engine.ts';
import { DataWorker } from './worker/data-worker.ts';
import { startHeartbeat } from './worker/heartbeat.ts';

/**
 * Entry of a data worker process: messages in, messages out. What each message does stands in `worker/data-worker.ts`.
 */

let worker: DataWorker | undefined;

function say(message: FromWorker): void {
  if (!process.connected) return;
  process.send?.(message, undefined, {}, () => {
    // The supervisor is gone; `disconnect` says the same and ends this process.
  });
}

process.on('message', (message: ToWorker, socket: SocketHandle) => {
  if (message.kind !== 'birth') return worker?.handle(message, socket);
  worker = new DataWorker(message, say);
  startHeartbeat(say);
  return undefined;
});

// The supervisor ends this process by message: signals of a terminal or a container reach the whole group.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

// A worker survives its supervisor, and would keep its port (architecture section 7).
process.on('disconnect', () => {
  if (worker === undefined) process.exit(0);
  else void worker.end(worker.settings.shutdownDrainMs, 0);
});

// Rejections without a handler come here as well. A second bug while the first one ends the process changes nothing.
process.on('uncaughtException', (error) => {
  if (worker === undefined) throw error;
  void worker.onBug(error);
});
