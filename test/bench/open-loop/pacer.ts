/**
 * A thread that wakes its parent every fraction of a millisecond, which timers of an event loop cannot.
 * workerData: `everyMs`, and `asked`, an Int32Array whose only element is 1 while the parent has not looked yet.
 */
import { parentPort, workerData } from 'node:worker_threads';

const { asked, everyMs } = workerData as { asked: Int32Array; everyMs: number };
const never = new Int32Array(new SharedArrayBuffer(4));
let next = performance.now();
for (;;) {
  next = Math.max(next + everyMs, performance.now());
  Atomics.wait(never, 0, 0, next - performance.now());
  if (Atomics.exchange(asked, 0, 1) === 0) parentPort?.postMessage(0);
}
