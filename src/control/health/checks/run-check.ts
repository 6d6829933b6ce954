import type { HealthCheck } from '../../../model/upstream.ts';
import type { CancelCheck, CheckContext, CheckResult } from './check.ts';
import { errorResult } from './error-result.ts';
import { checks } from './table.ts';

/**
 * Runs one check. The time limit is absolute: it starts with the first packet and nothing that trickles in extends it.
 * @param done  called once, never before this returns, and not at all after the returned function was called
 * @throws never
 */
export function runCheck(check: HealthCheck, context: CheckContext, done: (result: CheckResult) => void): CancelCheck {
  let ended = false;
  let cancel: CancelCheck = () => {};
  const end = (): void => {
    ended = true;
    clearTimeout(timer);
    cancel();
  };
  const finish = (result: CheckResult): void => {
    if (ended) return;
    end();
    done(result);
  };
  const timer = setTimeout(
    () => finish({ outcome: 'timeout', text: `no verdict within ${check.timeoutMs / 1000} s` }),
    check.timeoutMs,
  );
  try {
    cancel = checks[check.kind](check, context, finish);
  } catch (error) {
    setImmediate(() => finish(errorResult(error)));
  }
  return end;
}
