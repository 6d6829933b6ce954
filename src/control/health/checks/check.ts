import type { Socket, TcpNetConnectOpts } from 'node:net';

import type { HealthCheck } from '../../../model/upstream.ts';
import type { KeptConnections } from './kept-connections.ts';
import type { OpenProbe } from './probe-connection.ts';

/** How one check ended. */
export interface CheckResult {
  /**
   * `timeout`: no verdict within the check's time, from the first packet to the last byte. `unknown`: Fairway could not
   * check, which says nothing of the endpoint and counts for nothing.
   */
  readonly outcome: 'success' | 'failure' | 'timeout' | 'unknown';
  /** For the admin page and the log, at most a few words; never text that the endpoint wrote. */
  readonly text: string;
}

/** What checks need from outside. */
export interface CheckContext {
  /** `fairway-probe/<version>`, as the kubelet says `kube-probe/<version>`. */
  readonly userAgent: string;
  /** Plain connections. */
  readonly open: OpenProbe;
  /** Counts connections that wait for another check. */
  readonly kept: KeptConnections;
  /** Connections below TLS and HTTP/2. */
  readonly connect: (options: TcpNetConnectOpts) => Socket;
}

/** Checks one endpoint again and again. The time limit is the caller's, so that it is absolute whatever trickles in. */
export interface Checker {
  /** Begins a check. It ends with one result, which never comes before this has returned, or with `stop`. */
  start(): void;
  /** Ends a running check without a word, and closes everything. Another check may start afterwards. */
  stop(): void;
}

/** One kind of health check: a port. A checker keeps at most `answerLimitBytes` of what it reads, and never throws. */
export type CreateChecker = (
  check: HealthCheck,
  context: CheckContext,
  onResult: (result: CheckResult) => void,
) => Checker;

/** Most bytes of an answer that a check reads. Source: kubelet, `maxRespBodyLength` in pkg/probe/http. */
export const answerLimitBytes: number = 10 * 1024;

/** A check that passed. @param text  for example `HTTP 200` */
export function success(text: string): CheckResult {
  return { outcome: 'success', text };
}

/** A check that did not pass. @param text  for example `connection refused` */
export function failure(text: string): CheckResult {
  return { outcome: 'failure', text };
}
