const smallBytes = 64 * 1024;
/** For a body whose reader keeps up: four times fewer reads and writes. */
const largeBytes = 256 * 1024;

/**
 * All sockets of this process read into this one: what they read is used at once. Without it each read would allocate
 * 64 KiB, and give most of them back.
 */
export const sharedBuffer: Buffer = Buffer.allocUnsafeSlow(smallBytes);

/** Large buffers that nobody uses now; the one that was used last, which the processor still has, is used first. */
const spares: Buffer[] = [];
const mostSpares = 16;

/** A buffer for one socket alone: its bytes can be passed on without a copy. */
export function newBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(smallBytes);
}

/**
 * Where to read after a read into a buffer whose bytes nobody needs any more: memory that is always new costs more than
 * what is done with it. @param lastRead  bytes; a read that filled the buffer asks for a larger one
 */
export function sameOrLarger(buffer: Buffer, lastRead: number): Buffer {
  if (lastRead < buffer.length || buffer.length >= largeBytes) return buffer;
  return spares.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
}

/** Gives a buffer back whose bytes nobody needs any more. */
export function returnBuffer(buffer: Buffer): void {
  if (buffer.length === largeBytes && spares.length < mostSpares) spares.push(buffer);
}
