import { randomFillSync } from 'node:crypto';

/** 32 hexadecimal digits, as nginx' `$request_id`. */
export function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idBytes;
  return pool.toString('hex', used - idBytes, used);
}

/**
 * Whether an id of a client goes on: 1 to 128 characters that cannot break a log line, a header or a query.
 * Source: configmap-and-flags.md section 0.
 */
export function isRequestId(text: string): boolean {
  return /^[A-Za-z0-9._~+/=:-]{1,128}$/.test(text);
}

const idBytes = 16;
/** One system call for 256 ids. */
const pool = Buffer.alloc(256 * idBytes);
let used = pool.length;
