import type { HealthCheck } from '../../../model/upstream.ts';
import type { Checker, CheckContext, CheckResult, CreateChecker } from './check.ts';
import { failure, success } from './check.ts';
import { errorResult } from './error-result.ts';
import type { ProbeConnection, ProbeEvents } from './probe-connection.ts';

/** Passes when a connection opens; nothing is sent. Source: Kubernetes pkg/probe/tcp. */
export const tcpChecker: CreateChecker = (check, context, onResult) => new TcpChecker(check, context, onResult);

class TcpChecker implements Checker, ProbeEvents {
  readonly #check: HealthCheck;
  readonly #context: CheckContext;
  readonly #onResult: (result: CheckResult) => void;
  #connection: ProbeConnection | undefined;

  constructor(check: HealthCheck, context: CheckContext, onResult: (result: CheckResult) => void) {
    this.#check = check;
    this.#context = context;
    this.#onResult = onResult;
  }

  start(): void {
    this.#connection = this.#context.open(this.#check.address, this.#check.port, this);
  }

  stop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  onOpen(): void {
    this.stop();
    this.#onResult(connected);
  }

  /** Never before `onOpen`. */
  onBytes(): void {
    this.stop();
  }

  onEnd(error: unknown): void {
    this.#connection = undefined;
    this.#onResult(error === undefined ? failure('closed at once') : errorResult(error));
  }
}

const connected = success('connected');
