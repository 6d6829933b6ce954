import http from 'node:http';
import https from 'node:https';

import type { CoarseTimers, Deadline } from '../../lib/coarse-timers.ts';
import { guardedLookup } from '../engines/http-proxy/endpoint-names.ts';
import type { BodyCopy } from '../exchange/body-copy.ts';
import type { CopiedRequest } from '../filters/mirror-sender.ts';
import type { Destination } from './destination.ts';
import type { MirrorLimits } from './mirror-sender.ts';

/** `sent`: it was answered, with whatever status. `dropped`: it would have held too much. `aborted`: as the request. */
export type CopyOutcome = 'sent' | 'failed' | 'dropped' | 'aborted' | 'timeout';

export interface CopyParts {
  readonly destination: Destination;
  readonly agents: { readonly http: http.Agent; readonly https: https.Agent };
  readonly timers: CoarseTimers;
  readonly limits: MirrorLimits;
  /** So many more bytes wait now; fewer when negative. @returns false when that is too much for the worker */
  readonly hold: (bytes: number) => boolean;
  /** Called once. */
  readonly onEnd: (outcome: CopyOutcome) => void;
}

/** More of an answer than this is not worth reading to keep a connection. */
const answerLimit = 256 * 1024;

/** One copy of a request on its way. Ends once, and lets go of all that it held. */
export class Copy implements BodyCopy {
  readonly #parts: CopyParts;
  readonly #deadline: Deadline;
  #request: http.ClientRequest | undefined;
  #held = 0;
  #ended = false;
  #complete = false;

  constructor(parts: CopyParts) {
    this.#parts = parts;
    this.#deadline = parts.timers.deadline(() => this.#end('timeout'));
  }

  start(copied: CopiedRequest): void {
    this.#deadline.set(this.#parts.limits.deadlineMs);
    try {
      this.#open(copied);
    } catch {
      // Bytes that node:http refuses to send.
      this.#end('failed');
    }
  }

  bytes(bytes: Uint8Array): void {
    const request = this.#request;
    if (request === undefined || this.#ended) return;
    const { hold, limits } = this.#parts;
    this.#held += bytes.length;
    if (!hold(bytes.length) || this.#held > limits.bytesOfOne) return this.#end('dropped');
    request.write(bytes, () => this.#release(bytes.length));
  }

  end(): void {
    if (this.#ended) return;
    this.#complete = true;
    this.#request?.end();
  }

  abort(): void {
    if (!this.#complete) this.#end('aborted');
  }

  #open({ method, path, headers, body }: CopiedRequest): void {
    const { agents, destination } = this.#parts;
    const { host, port, scheme } = destination;
    const options = {
      method,
      path,
      host,
      port,
      headers: [...headers, ...framingOf(body)],
      setDefaultHeaders: false,
      lookup: guardedLookup,
      insecureHTTPParser: false,
    };
    const request =
      scheme === 'http'
        ? http.request({ ...options, agent: agents.http })
        : https.request({ ...options, agent: agents.https, ...tlsOf(destination) });
    this.#request = request;
    request.on('error', () => this.#end('failed'));
    request.on('response', (answer) => this.#read(answer));
    // No answer comes after it that anybody could read.
    request.on('upgrade', (_answer, socket) => {
      socket.destroy();
      this.#end('failed');
    });
    if (body === 'none') this.end();
  }

  #read(answer: http.IncomingMessage): void {
    let length = 0;
    answer.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > answerLimit) this.#end('sent');
    });
    answer.on('error', () => this.#end('failed'));
    answer.on('end', () => this.#end('sent', this.#complete && this.#request?.writableFinished === true));
  }

  #release(bytes: number): void {
    if (this.#ended) return;
    this.#held -= bytes;
    this.#parts.hold(-bytes);
  }

  /** @param clean  request and answer are complete, so that the connection can take the next copy */
  #end(outcome: CopyOutcome, clean = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadline.stop();
    this.#parts.hold(-this.#held);
    this.#held = 0;
    if (!clean) this.#request?.destroy();
    this.#parts.onEnd(outcome);
  }
}

function framingOf(body: CopiedRequest['body']): readonly string[] {
  if (body === 'none') return [];
  return body === 'chunked' ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', `${body}`];
}

/** Endpoints are spoken to like by the proxy itself; a host outside must have a certificate for its name. */
function tlsOf({ endpoint, host }: Destination): https.RequestOptions {
  return endpoint === undefined
    ? { servername: host.replace(/\.$/, '') }
    : { servername: '', rejectUnauthorized: false };
}
