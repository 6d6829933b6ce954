/**
 * What the fields that concern the connection and the length of the body say, in one pass. This decides how many bytes a
 * message has; the same list is what goes on (threats R-21).
 * Source: RFC 9112 sections 6 and 9; threats R-20.
 */
export interface ConnectionFields {
  /** Content-Length; -1 without. */
  readonly length: number;
  /** `other`: a coding that is not the single token `chunked`. */
  readonly coding: 'none' | 'chunked' | 'other';
  /** Index of the value of Host; -1 without. */
  readonly hostAt: number;
  readonly hosts: number;
  readonly close: boolean;
  readonly keepAlive: boolean;
  /** `Connection` names `upgrade`. */
  readonly upgradeAsked: boolean;
  /** Value of Upgrade, several joined; empty without. */
  readonly upgrade: string;
  readonly expect: string;
  /** Value of Keep-Alive; empty without. */
  readonly keepAliveHint: string;
  /** Why the fields contradict themselves; empty when they do not. */
  readonly problem: string;
}

/** @param headers  flat list, as parsed */
export function connectionFieldsOf(headers: readonly string[]): ConnectionFields {
  const found: { -readonly [K in keyof ConnectionFields]: ConnectionFields[K] } = {
    length: -1,
    coding: 'none',
    hostAt: -1,
    hosts: 0,
    close: false,
    keepAlive: false,
    upgradeAsked: false,
    upgrade: '',
    expect: '',
    keepAliveHint: '',
    problem: '',
  };
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    // Lengths tell nearly all names apart: `toLowerCase` runs for few.
    switch (name.length) {
      case 4:
        if (isNamed(name, 'host', 'Host')) {
          found.hosts += 1;
          found.hostAt = at + 1;
        }
        break;
      case 6:
        if (isNamed(name, 'expect', 'Expect')) found.expect = joined(found.expect, value);
        break;
      case 7:
        if (isNamed(name, 'upgrade', 'Upgrade')) found.upgrade = joined(found.upgrade, value);
        break;
      case 10:
        if (isNamed(name, 'connection', 'Connection')) readConnection(found, value);
        else if (isNamed(name, 'keep-alive', 'Keep-Alive')) found.keepAliveHint = value;
        break;
      case 14:
        if (isNamed(name, 'content-length', 'Content-Length')) readLength(found, value);
        else if (isNamed(name, 'content_length', 'Content_Length')) found.problem = 'Content_Length';
        break;
      case 17:
        if (isNamed(name, 'transfer-encoding', 'Transfer-Encoding')) readCoding(found, value);
        else if (isNamed(name, 'transfer_encoding', 'Transfer_Encoding')) found.problem = 'Transfer_Encoding';
        break;
      default:
    }
  }
  if (found.length >= 0 && found.coding !== 'none') found.problem = 'Content-Length and Transfer-Encoding';
  return found;
}

type Found = { -readonly [K in keyof ConnectionFields]: ConnectionFields[K] };

/** A second Content-Length is refused even when it is equal: somebody in between may have seen only one. */
function readLength(found: Found, value: string): void {
  if (found.length >= 0) found.problem = 'two Content-Length';
  const length = contentLengthOf(value);
  if (length === undefined) found.problem = 'Content-Length is not a number';
  else found.length = length;
}

function readCoding(found: Found, value: string): void {
  if (found.coding !== 'none') found.problem = 'two Transfer-Encoding';
  found.coding = value.length === 7 && value.toLowerCase() === 'chunked' ? 'chunked' : 'other';
}

function readConnection(found: Found, value: string): void {
  if (value === 'keep-alive') {
    found.keepAlive = true;
    return;
  }
  for (const item of value.toLowerCase().split(',')) {
    const option = item.trim();
    if (option === 'close') found.close = true;
    else if (option === 'keep-alive') found.keepAlive = true;
    else if (option === 'upgrade') found.upgradeAsked = true;
  }
}

/** 1*DIGIT up to 2^53 - 1. Source: RFC 9110 section 8.6. */
function contentLengthOf(value: string): number | undefined {
  // More digits are refused even when they are zeros: nobody sends them in good faith.
  if (value.length === 0 || value.length > 16) return undefined;
  let length = 0;
  for (let at = 0; at < value.length; at += 1) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    length = length * 10 + digit;
  }
  return Number.isSafeInteger(length) ? length : undefined;
}

function joined(before: string, value: string): string {
  return before === '' ? value : `${before}, ${value}`;
}

/** @param usual  the spelling that nearly everybody uses */
function isNamed(name: string, lowerCase: string, usual: string): boolean {
  if (name === usual || name === lowerCase) return true;
  return (name.charCodeAt(0) | 0x20) === lowerCase.charCodeAt(0) && name.toLowerCase() === lowerCase;
}
