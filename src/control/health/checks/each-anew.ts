import type { HealthCheck } from '../../../model/upstream.ts';
import type { Checker, CheckContext, CheckResult, CreateChecker } from './check.ts';
import { errorResult } from './error-result.ts';

/** Ends the check and its connection. */
export type CancelCheck = () => void;

/**
 * One check over a connection of its own. Says `done` never before it has returned, and may say it again: what comes
 * after the first one counts for nothing. It may throw before it has connected.
 */
export type SingleCheck = (
  check: HealthCheck,
  context: CheckContext,
  done: (result: CheckResult) => void,
) => CancelCheck;

/** Checks that share nothing with the one before. */
export function eachAnew(run: SingleCheck): CreateChecker {
  return (check, context, onResult) => new AnewChecker((done) => run(check, context, done), onResult);
}

class AnewChecker implements Checker {
  readonly #run: (done: (result: CheckResult) => void) => CancelCheck;
  readonly #onResult: (result: CheckResult) => void;
  /** Of the check that runs; what an older one still says is not heard. */
  #current: object | undefined;
  #cancel: CancelCheck | undefined;

  constructor(run: (done: (result: CheckResult) => void) => CancelCheck, onResult: (result: CheckResult) => void) {
    this.#run = run;
    this.#onResult = onResult;
  }

  start(): void {
    const current = {};
    this.#current = current;
    const done = (result: CheckResult): void => {
      if (this.#current !== current) return;
      this.stop();
      this.#onResult(result);
    };
    try {
      this.#cancel = this.#run(done);
    } catch (error) {
      setImmediate(() => done(errorResult(error)));
    }
  }

  stop(): void {
    this.#current = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
