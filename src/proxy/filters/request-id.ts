import { randomFillSync } from 'node:crypto';

/** 32 hexadecimal digits, as nginx' `$request_id`. */
export function newRequestId(): string {
  if (used === digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  used += idDigits;
  return digits.slice(used - idDigits, used);
}

/**
 * Whether an id of a client goes on: 1 to 128 characters that cannot break a log line, a header or a query.
 * Source: configmap-and-flags.md section 0.
 */
export function isRequestId(text: string): boolean {
  return /^[A-Za-z0-9._~+/=:-]{1,128}$/.test(text);
}

const idDigits = 32;
/** One system call and one text for 128 ids. */
const pool = Buffer.alloc((128 * idDigits) / 2);
let digits = '';
let used = 0;
