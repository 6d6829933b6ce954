import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';

/** What node:http made of one request. */
export interface NodeRequest {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

export interface NodeReading {
  readonly requests: readonly NodeRequest[];
  /** Its code, for example HPE_INVALID_CONSTANT; empty without. */
  readonly error: string;
}

/** Reads the bytes of one connection with node:http, strict as it is by default, in memory. */
export function readWithNode(bytes: Buffer): Promise<NodeReading> {
  const requests: { method: string; target: string; body: string; complete: boolean }[] = [];
  let error = '';
  const server = createServer({ requestTimeout: 0, shouldUpgradeCallback: () => false });
  const take = (message: IncomingMessage): void => {
    const one = { method: message.method ?? '', target: message.url ?? '', body: '', complete: false };
    requests.push(one);
    message.on('data', (chunk: Buffer) => {
      one.body += chunk.toString('latin1');
    });
    message.on('end', () => {
      one.complete = true;
    });
  };
  server.on('request', (message, response) => {
    take(message);
    message.on('end', () => response.end());
    message.on('error', () => undefined);
  });
  server.on('checkExpectation', (message, response) => {
    take(message);
    message.on('end', () => response.end());
  });
  server.on('clientError', (cause: NodeJS.ErrnoException, socket) => {
    error = cause.code ?? cause.message;
    socket.destroy();
  });
  const [ours, its] = duplexPair({ allowHalfOpen: true });
  ours.on('error', () => undefined);
  its.on('error', () => undefined);
  return new Promise((resolve) => {
    const done = (): void => {
      server.close();
      resolve({
        requests: requests.filter((one) => one.complete).map(({ method, target, body }) => ({ method, target, body })),
        error,
      });
    };
    its.once('close', done);
    ours.resume();
    server.emit('connection', its);
    ours.end(bytes);
  });
}
