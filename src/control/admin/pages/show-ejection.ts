import type { EjectionReason } from '../../../model/pool-policy.ts';
import type { KnownEjection } from '../../health/ejections.ts';

const reasons: Readonly<Record<EjectionReason, string>> = {
  refused: 'refused a connection',
  'consecutive-failures': 'requests failed in a row',
  'failure-rate': 'too many requests failed',
};

/** `refused a connection; left out for 4 s more, 3 times in a row`. @param now  milliseconds since 1970 */
export function ejectionText({ reason, until, times }: KnownEjection, now: number): string {
  const left = Math.max(1, Math.ceil((until - now) / 1000));
  const again = times > 1 ? `, ${times} times in a row` : '';
  return `${reasons[reason]}; left out for ${left} s more${again}`;
}
