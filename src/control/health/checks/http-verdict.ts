import type { HealthCheck } from '../../../model/upstream.ts';
import type { CheckResult } from './check.ts';
import { failure, success } from './check.ts';
import type { AnswerVerdict } from './http-answer.ts';

/**
 * What an answer says of the endpoint. Passes with a status of 200 to 399 unless the check expects others. Redirects are not
 * followed: the kubelet follows those to the same host, here the answer that redirects is the proof that the server is
 * well. Source: Kubernetes pkg/probe/http.
 */
export function resultOf(verdict: Exclude<AnswerVerdict, 'more'>, check: HealthCheck): CheckResult {
  if ('problem' in verdict) return failure(verdict.problem);
  const { status } = verdict;
  const expected = check.expectedStatus ?? asTheKubelet;
  return expected.some(([from, to]) => status >= from && status <= to)
    ? success(`HTTP ${status}`)
    : failure(`HTTP ${status}`);
}

const asTheKubelet: NonNullable<HealthCheck['expectedStatus']> = [[200, 399]];
