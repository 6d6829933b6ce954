import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { TLSSocket } from 'node:tls';

import { textAt } from './json.ts';

export interface RequestOptions {
  /** Where to connect to: the load balancer's address, not the host's. */
  readonly address: string;
  readonly host: string;
  readonly scheme?: 'http' | 'https';
  /** 80 or 443 unless given. */
  readonly port?: number;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

export interface ClientAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Name of the pod that answered; empty when the answer is not the demo application's. */
  readonly pod: string;
  /** SHA-256 of the server's certificate; empty over HTTP. */
  readonly fingerprint: string;
}

const DEADLINE_MS = 10_000;

/** One request over a connection of its own. @throws when there is no whole answer in time */
export async function ask(options: RequestOptions): Promise<ClientAnswer> {
  const { address, host, scheme = 'http', path = '/', method = 'GET', deadlineMs = DEADLINE_MS } = options;
  const port = options.port ?? (scheme === 'http' ? 80 : 443);
  const common = { host: address, port, path, method, headers: { ...options.headers, host }, agent: false } as const;
  return await new Promise<ClientAnswer>((resolve, reject) => {
    const call =
      scheme === 'http'
        ? httpRequest(common)
        : httpsRequest({ ...common, servername: host, rejectUnauthorized: false });
    const timer = setTimeout(
      () => call.destroy(new Error(`${scheme}://${host}${path}: no answer in time`)),
      deadlineMs,
    );
    call.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    call.on('response', (response) => {
      const fingerprint =
        response.socket instanceof TLSSocket ? response.socket.getPeerCertificate().fingerprint256 : '';
      const chunks: string[] = [];
      response.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(timer);
        const text = chunks.join('');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, pod: podOf(text), fingerprint });
      });
    });
    call.end();
  });
}

/** The pod's name in an answer of the demo application; empty for any other text. */
export function podOf(text: string): string {
  try {
    return textAt(JSON.parse(text), 'pod');
  } catch {
    return '';
  }
}
