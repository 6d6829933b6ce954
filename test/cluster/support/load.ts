import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { podOf } from './client.ts';

export interface LoadOptions {
  /** Address of the load balancer. */
  readonly address: string;
  readonly host: string;
  readonly path?: string;
  readonly ratePerSecond?: number;
  /** Share of the requests over HTTPS, 0 to 1. */
  readonly httpsShare?: number;
  /** Share of POST requests with a small body, 0 to 1; the others are GET. */
  readonly postShare?: number;
  /** Share of the requests that open a connection of their own, 0 to 1. */
  readonly freshShare?: number;
}

/**
 * Why a request is lost.
 * `refused`: no connection; `reset`: the connection ended before an answer; `truncated`: it ended inside the answer;
 * `timeout`: nothing in time; `status-502` and so on: an answer that the application did not give.
 */
export type LossKind = 'refused' | 'reset' | 'truncated' | 'timeout' | `status-${number}` | `error-${string}`;

export interface Sample {
  readonly sentMs: number;
  readonly doneMs: number;
  readonly method: 'GET' | 'POST';
  readonly scheme: 'http' | 'https';
  readonly connection: 'fresh' | 'reused';
  /** Pod that answered; empty when the request is lost. */
  readonly pod: string;
  /** Absent when the request was answered. */
  readonly lost?: LossKind;
}

export interface LoadReport {
  readonly samples: readonly Sample[];
  readonly lost: readonly Sample[];
  /**
   * Requests on a kept connection that the server closed at the same moment without a byte of an answer, sent again.
   * Every client and load balancer does this (RFC 9112, section 9.3.1), so they are not lost.
   */
  readonly sentAgain: number;
  /** One line: how many requests, how many lost of which kind, and how long the answers took. */
  readonly summary: string;
}

export interface Load {
  /** Ends the load and waits for the last answer. */
  stop(): Promise<LoadReport>;
}

const ANSWER_DEADLINE_MS = 10_000;
const TICK_MS = 5;
/** What two cores carry beside the cluster and its client: loss is tested, not throughput. */
const DEFAULT_RATE = 120;

/** Sends requests at a fixed rate, whether or not the ones before are answered, until it is stopped. */
export function startLoad(options: LoadOptions): Load {
  const sender = new Sender(options);
  return { stop: () => sender.stop() };
}

/** Runs the load as long as the work takes. */
export async function underLoad(options: LoadOptions, work: () => Promise<void>): Promise<LoadReport> {
  const load = startLoad(options);
  try {
    await work();
  } catch (error) {
    await load.stop();
    throw error;
  }
  return await load.stop();
}

type Plan = Pick<Sample, 'method' | 'scheme'> & { readonly fresh: boolean };

class Sender {
  readonly #options: LoadOptions;
  readonly #agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  readonly #samples: Sample[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly #startedMs = Date.now();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #sentAgain = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sendDue(), TICK_MS);
  }

  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer);
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending);
    }
    this.#agents.http.destroy();
    this.#agents.https.destroy();
    return reportOf(this.#samples, this.#sentAgain);
  }

  #sendDue(): void {
    const { ratePerSecond = DEFAULT_RATE } = this.#options;
    const due = Math.floor(((Date.now() - this.#startedMs) * ratePerSecond) / 1_000);
    for (; this.#sent < due; this.#sent += 1) {
      const task = this.#sendOne(this.#planOf(this.#sent)).finally(() => this.#pending.delete(task));
      this.#pending.add(task);
    }
  }

  /** Spreads the shares evenly and independently of each other; no randomness, so that runs can be compared. */
  #planOf(index: number): Plan {
    const { httpsShare = 0.2, postShare = 0.1, freshShare = 0.3 } = this.#options;
    const within = (share: number, step: number): boolean => (index * step) % 1 < share;
    return {
      scheme: within(httpsShare, 0.618_033_988_7) ? 'https' : 'http',
      method: within(postShare, 0.414_213_562_4) ? 'POST' : 'GET',
      fresh: within(freshShare, 0.302_775_637_7),
    };
  }

  async #sendOne(plan: Plan): Promise<void> {
    const sentMs = Date.now();
    let outcome = await this.#exchange(plan);
    if (outcome.lost === 'reset' && outcome.connection === 'reused') {
      this.#sentAgain += 1;
      outcome = await this.#exchange({ ...plan, fresh: true });
    }
    this.#samples.push({ ...outcome, method: plan.method, scheme: plan.scheme, sentMs, doneMs: Date.now() });
  }

  async #exchange(plan: Plan): Promise<Pick<Sample, 'connection' | 'pod' | 'lost'>> {
    const call = this.#open(plan);
    return await new Promise((resolve) => {
      let answered = false;
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        call.destroy();
      }, ANSWER_DEADLINE_MS);
      const connection = (): Sample['connection'] => (call.reusedSocket ? 'reused' : 'fresh');
      const lose = (error: Error): void => {
        clearTimeout(timer);
        resolve({ connection: connection(), pod: '', lost: timedOut ? 'timeout' : kindOf(error, answered) });
      };
      call.on('error', lose);
      call.on('response', (response) => {
        answered = true;
        response.on('error', lose);
        readAnswer(response, (pod, lost) => {
          clearTimeout(timer);
          resolve({ connection: connection(), pod, ...(lost === undefined ? {} : { lost }) });
        });
      });
      call.end(plan.method === 'POST' ? 'a small body' : undefined);
    });
  }

  #open(plan: Plan): ClientRequest {
    const { address, host, path = '/' } = this.#options;
    const common: RequestOptions = { host: address, path, method: plan.method, headers: { host } };
    if (plan.method === 'POST') {
      common.headers = { host, 'content-type': 'text/plain', 'content-length': 'a small body'.length };
    }
    if (plan.scheme === 'https') {
      const agent = plan.fresh ? false : this.#agents.https;
      return httpsRequest({ ...common, port: 443, servername: host, rejectUnauthorized: false, agent });
    }
    return httpRequest({ ...common, port: 80, agent: plan.fresh ? false : this.#agents.http });
  }
}

function readAnswer(response: IncomingMessage, done: (pod: string, lost?: LossKind) => void): void {
  const chunks: string[] = [];
  response.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  response.on('end', () => {
    const status = response.statusCode ?? 0;
    const pod = podOf(chunks.join(''));
    if (status === 200 && pod !== '') {
      done(pod);
    } else {
      done('', `status-${status}`);
    }
  });
}

function kindOf(error: Error, answered: boolean): LossKind {
  if (answered) {
    return 'truncated';
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    default:
      return `error-${code}`;
  }
}

function reportOf(samples: readonly Sample[], sentAgain: number): LoadReport {
  const lost = samples.filter((sample) => sample.lost !== undefined);
  const latencies = samples.map((sample) => sample.doneMs - sample.sentMs).toSorted((one, other) => one - other);
  const quantile = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  const summary =
    `${samples.length} requests, ${lost.length} lost${describeLosses(lost)}, ${sentAgain} sent again; ` +
    `p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, longest ${latencies.at(-1) ?? 0} ms`;
  return { samples, lost, sentAgain, summary };
}

/** How many of which kind, and when the first and the last were sent: ` (GET http status-502: 3)`. */
export function describeLosses(lost: readonly Sample[]): string {
  const counts = new Map<string, number>();
  for (const { method, scheme, connection, lost: kind } of lost) {
    const name = `${method} ${scheme} ${connection} ${kind}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const parts = [...counts].map(([name, count]) => `${name}: ${count}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
