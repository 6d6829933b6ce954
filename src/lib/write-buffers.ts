/** A read of 64 KiB and a head in front of it. */
const bufferBytes = 96 * 1024;
const mostSpares = 4;

/** Buffers that are not in use; the one that was used last is used first. */
const spares: Buffer[] = [];

/** A buffer in which to put together what is written at once. It belongs to the caller until `returnWriteBuffer`. */
export function takeWriteBuffer(): Buffer {
  return spares.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
}

/** Gives a buffer back: the kernel has its bytes. One that is still to be written is left to the garbage collector. */
export function returnWriteBuffer(buffer: Buffer): void {
  if (spares.length < mostSpares) spares.push(buffer);
}
