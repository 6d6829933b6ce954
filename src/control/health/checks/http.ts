import type { HealthCheck } from '../../../model/upstream.ts';
import type { Checker, CheckContext, CheckResult, CreateChecker } from './check.ts';
import { failure } from './check.ts';
import { errorResult } from './error-result.ts';
import { HttpAnswer } from './http-answer.ts';
import type { AnswerVerdict } from './http-answer.ts';
import { badHeader, requestOf } from './http-request.ts';
import { resultOf } from './http-verdict.ts';
import type { ProbeConnection, ProbeEvents } from './probe-connection.ts';

/**
 * Checks over plain HTTP/1.1. A connection serves two checks, the one that opened it and the next one: opening and closing
 * is two thirds of the cost of a check, and a server that no longer accepts is still found within one period more.
 *
 *     idle → opening → asking → idle, nothing kept
 *                             → idle, kept → asking → idle, nothing kept
 *                                          ↘ closed by the server → the next check opens, and keeps no more
 *
 * Source: Kubernetes pkg/probe/http, pkg/kubelet/prober; docs/decisions 0006.
 */
export const httpChecker: CreateChecker = (check, context, onResult) => new HttpChecker(check, context, onResult);

class HttpChecker implements Checker, ProbeEvents {
  readonly #check: HealthCheck;
  readonly #context: CheckContext;
  readonly #onResult: (result: CheckResult) => void;
  readonly #answer = new HttpAnswer();
  readonly #bad: string | undefined;
  #connection: ProbeConnection | undefined;
  #running = false;
  /** The check that runs is the second one of its connection. */
  #reused = false;
  /** The connection counts among those that are kept. */
  #kept = false;
  /** False from the moment at which the server has not waited for a second check. */
  #serverKeeps = true;
  readonly #asking: Buffer;
  readonly #closing: Buffer;

  constructor(check: HealthCheck, context: CheckContext, onResult: (result: CheckResult) => void) {
    this.#check = check;
    this.#context = context;
    this.#onResult = onResult;
    this.#bad = badHeader(check.headers);
    const usable = this.#bad === undefined ? check : { ...check, headers: [] };
    this.#asking = Buffer.from(requestOf(usable, context.userAgent, 'keep-alive'), 'latin1');
    this.#closing = Buffer.from(requestOf(usable, context.userAgent, 'close'), 'latin1');
  }

  start(): void {
    this.#running = true;
    if (this.#bad !== undefined) return this.#refuse(this.#bad);
    this.#reused = this.#connection !== undefined;
    if (this.#connection === undefined) this.#open();
    else this.#connection.write(this.#closing);
  }

  stop(): void {
    this.#running = false;
    this.#drop();
  }

  onOpen(): void {
    this.#connection?.write(this.#serverKeeps ? this.#asking : this.#closing);
  }

  onBytes(bytes: Buffer): void {
    // Nobody has asked: such a server is not one that a second check can rely on.
    if (!this.#running) return this.#refused();
    const verdict = this.#answer.push(bytes);
    if (verdict !== 'more') this.#finish(verdict);
  }

  onEnd(error: unknown): void {
    this.#forget();
    if (!this.#running) return this.#refused();
    if (this.#reused && this.#answer.isEmpty) return this.#openAgain();
    if (error === undefined) return this.#finish(this.#answer.end());
    return this.#say(errorResult(error));
  }

  #open(): void {
    this.#answer.reset();
    this.#connection = this.#context.open(this.#check.address, this.#check.port, this);
  }

  /** The server gave the connection up while the request was on its way, which says nothing of its health: RFC 9112 section 9.5. */
  #openAgain(): void {
    this.#refused();
    this.#reused = false;
    this.#open();
  }

  #finish(verdict: AnswerVerdict): void {
    if (verdict === 'more') return;
    if (this.#reused && 'status' in verdict && verdict.status === requestTimeout) return this.#openAgain();
    if (this.#mayKeep()) this.#kept = true;
    else this.#drop();
    this.#say(resultOf(verdict, this.#check));
  }

  #say(result: CheckResult): void {
    this.#running = false;
    this.#answer.reset();
    this.#onResult(result);
  }

  #refused(): void {
    this.#serverKeeps = false;
    this.#drop();
  }

  #mayKeep(): boolean {
    return !this.#reused && this.#serverKeeps && this.#answer.leavesOpen && this.#context.kept.take();
  }

  #drop(): void {
    this.#connection?.close();
    this.#forget();
    this.#answer.reset();
  }

  #forget(): void {
    this.#connection = undefined;
    if (this.#kept) this.#context.kept.release();
    this.#kept = false;
  }

  #refuse(why: string): void {
    setImmediate(() => {
      if (this.#running) this.#say(failure(why));
    });
  }
}

/** Some servers say so when they end an idle connection. Source: RFC 9110 section 15.5.9. */
const requestTimeout = 408;
