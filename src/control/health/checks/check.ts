import type { Socket, TcpNetConnectOpts } from 'node:net';

import type { HealthCheck } from '../../../model/upstream.ts';

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
  readonly connect: (options: TcpNetConnectOpts) => Socket;
}

/** Ends the check and its connection; nothing is reported any more. */
export type CancelCheck = () => void;

/**
 * One kind of health check: a port. Uses one connection, keeps at most `answerLimitBytes` of what it reads, and says
 * `done` once and never before it has returned. It may throw before it has connected. The time limit is the caller's
 * (`run-check.ts`), so that it is absolute whatever trickles in.
 */
export type Check = (check: HealthCheck, context: CheckContext, done: (result: CheckResult) => void) => CancelCheck;

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
