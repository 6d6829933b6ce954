import { atEndOfTurn, currentTurn } from './event-clock.ts';

/** Who has bytes in the batch. */
export interface BatchReader {
  /** Takes them now. */
  deliver(): void;
}

/**
 * Small reads wait here until all sockets that have something are read, and are then handled one after the other: our own
 * code and that of the kernel drive each other out of the processor's caches when they take turns.
 */
export const batchBuffer: Buffer = Buffer.allocUnsafeSlow(256 * 1024);
const smallBytes = 4096;

/** [next, end) are still to come. */
const readers: (BatchReader | undefined)[] = [];
let next = 0;
let end = 0;
let used = 0;

/**
 * Copies what was read; the reader is told at the end of this turn, unless it takes it before.
 * @returns where it begins in `batchBuffer`; -1 when it is too much, and nothing waits
 */
export function addToBatch(reader: BatchReader, bytes: Buffer, length: number): number {
  if (length > smallBytes || used + length > batchBuffer.length) return -1;
  const at = used;
  bytes.copy(batchBuffer, at, 0, length);
  used += length;
  readers[end] = reader;
  end += 1;
  // Sees to it that the turn has an end.
  currentTurn();
  return at;
}

function deliverAll(): void {
  while (next < end) {
    const reader = readers[next];
    readers[next] = undefined;
    next += 1;
    reader?.deliver();
  }
  next = 0;
  end = 0;
  used = 0;
}

atEndOfTurn(deliverAll);
