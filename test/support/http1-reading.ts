import { BodyReader } from '../../src/proxy/protocols/http1/body-reader.ts';
import type { ParsedRequest } from '../../src/proxy/protocols/http1/request-parser.ts';
import { RequestParser } from '../../src/proxy/protocols/http1/request-parser.ts';

export interface ReadRequest {
  readonly request: ParsedRequest;
  readonly body: string;
  /** Where it ends in the bytes of the connection. */
  readonly end: number;
}

/** What a connection's bytes were understood as. */
export interface Reading {
  readonly requests: readonly ReadRequest[];
  /** Status of the refusal, 0 without. */
  readonly refusal: number;
  /** Bytes of a request that is not complete have come. */
  readonly unfinished: boolean;
}

/** Reads all requests of a connection. @param segments  bytes as they arrive */
export function readRequests(segments: Iterable<Buffer>): Reading {
  const parser = new RequestParser();
  const reader = new BodyReader();
  const requests: ReadRequest[] = [];
  let current: ParsedRequest | undefined;
  let body = '';
  let before = 0;
  const onBytes = (chunk: Buffer, from: number, to: number): void => {
    body += chunk.toString('latin1', from, to);
  };
  for (const segment of segments) {
    let at = 0;
    while (at < segment.length || (current !== undefined && reader.complete)) {
      if (current === undefined) {
        at = parser.feed(segment, at, segment.length);
        if (parser.problem !== undefined) return { requests, refusal: parser.problem.status, unfinished: false };
        current = parser.request;
        if (current !== undefined) reader.begin(current.body, current.bodyLength);
      } else {
        at = reader.feed(segment, at, segment.length, onBytes);
        if (reader.problem !== '') return { requests, refusal: 400, unfinished: false };
      }
      if (current === undefined || !reader.complete) continue;
      requests.push({ request: current, body, end: before + at });
      current = undefined;
      body = '';
      parser.reset();
    }
    before += segment.length;
  }
  return { requests, refusal: 0, unfinished: current !== undefined || parser.begun };
}

/** Cuts bytes into pieces of one size; each is a Buffer of its own. */
export function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}
