import type { EjectionPolicy } from '../../../model/pool-policy.ts';
import { defaultEjection } from '../../../model/pool-policy.ts';
import type { AnnotationGroup, MeaningProblem } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { failureStatuses, percent } from '../ejection-kinds.ts';
import { choice, duration, wholeNumber } from '../value-kind.ts';

interface Values extends EjectionPolicy {
  readonly ejection: 'on' | 'off';
}

const keys: Readonly<Record<keyof Values, string>> = {
  ejection: 'ejection',
  refusals: 'ejection-refused-connections',
  consecutiveFailures: 'ejection-consecutive-failures',
  failureRate: 'ejection-failure-rate',
  minimumRequests: 'ejection-minimum-requests',
  intervalMs: 'ejection-interval',
  statuses: 'ejection-statuses',
  baseMs: 'ejection-base-time',
  maxMs: 'ejection-max-time',
  maxShare: 'ejection-max-share',
};

const hourMs = 3_600_000;
/** The shortest time out. Each ejection costs 0.3 ms in a pool of 1000 endpoints, and all share the data workers. */
const leastMs = 1_000;
/** Of every definition below. */
const common = { scope: 'upstream', risk: 'low', own: true } as const;

/** Endpoints that are left out for a while because requests failed there. */
export const ejection: AnnotationGroup = defineGroup<Values>({
  title: 'Ejection of endpoints that fail',
  annotations: {
    ejection: {
      ...common,
      key: keys.ejection,
      value: choice(['on', 'off']),
      doc: 'Whether endpoints where requests fail are left out for a while; on unless this says off.',
      example: 'off',
    },
    refusals: {
      ...common,
      key: keys.refusals,
      value: wholeNumber(0, 1000),
      doc: 'Refused connections in a row after which an endpoint is left out; 1 unless this says something else, 0 is never.',
      example: '3',
    },
    consecutiveFailures: {
      ...common,
      key: keys.consecutiveFailures,
      value: wholeNumber(0, 1000),
      doc: 'Failures of any kind in a row after which an endpoint is left out; 5 unless this says something else, 0 is never.',
      example: '3',
    },
    failureRate: {
      ...common,
      key: keys.failureRate,
      value: percent(),
      doc: 'Percent of the requests within the interval that fail before an endpoint is left out; 0, never, unless this says something else.',
      example: '50',
    },
    minimumRequests: {
      ...common,
      key: keys.minimumRequests,
      value: wholeNumber(1, 1_000_000),
      doc: 'Requests of one data worker within the interval below which the failure rate says nothing; 20 unless this says something else.',
      example: '100',
    },
    intervalMs: {
      ...common,
      key: keys.intervalMs,
      value: duration(1_000, hourMs),
      doc: 'Interval of the failure rate; 10s unless this says something else.',
      example: '30s',
    },
    statuses: {
      ...common,
      key: keys.statuses,
      value: failureStatuses(),
      doc: 'Statuses of answers that count as failures, beside what never became an answer; none unless this says some.',
      example: '502 503 504',
    },
    baseMs: {
      ...common,
      key: keys.baseMs,
      value: duration(leastMs, hourMs),
      doc: 'How long an endpoint is left out the first time, which doubles with each further one; 1s unless this says something else.',
      example: '5s',
    },
    maxMs: {
      ...common,
      key: keys.maxMs,
      value: duration(leastMs, hourMs),
      doc: 'The longest that an endpoint is left out at a time; 10s unless this or a longer first time says something else.',
      example: '1m',
    },
    maxShare: {
      ...common,
      key: keys.maxShare,
      value: percent(),
      doc: 'Largest percent of the ready endpoints that is left out at one time, rounded down; 50 unless this says something else, 0 is the same as ejection: "off". The last endpoint always stays.',
      example: '30',
    },
  },
  meaning: (values) => {
    if (Object.keys(values).length === 0) return {};
    if (values.ejection === 'off') {
      return { upstream: { ejection: { ...defaultEjection, maxShare: 0 } }, problems: needless(values) };
    }
    const policy = policyOf(values);
    return { upstream: { ejection: policy }, problems: problemsOf(values, policy) };
  },
});

function policyOf({ ejection: _ejection, baseMs, maxMs, ...rest }: Partial<Values>): EjectionPolicy {
  const longest = maxMs === undefined || maxMs < (baseMs ?? 0) ? Math.max(defaultEjection.maxMs, baseMs ?? 0) : maxMs;
  return { ...defaultEjection, ...rest, baseMs: baseMs ?? Math.min(defaultEjection.baseMs, longest), maxMs: longest };
}

/** What a switch that is off leaves without a use. */
function needless(values: Partial<Values>): MeaningProblem[] {
  return fieldsOf(values)
    .filter((field) => field !== 'ejection')
    .map((field) => ({
      key: keys[field],
      why: `${keys.ejection} is off`,
      fix: `Remove it, or write ${keys.ejection}: "on".`,
      outcome: 'ignored',
    }));
}

function problemsOf(values: Partial<Values>, { failureRate }: EjectionPolicy): MeaningProblem[] {
  const problems: MeaningProblem[] = [];
  const { baseMs, maxMs } = values;
  if (baseMs !== undefined && maxMs !== undefined && maxMs < baseMs) {
    const fix = `Write a time that is not shorter than ${keys.baseMs}.`;
    problems.push({ key: keys.maxMs, why: `it is shorter than ${keys.baseMs}`, fix, outcome: 'invalid' });
  }
  for (const field of ['minimumRequests', 'intervalMs'] as const) {
    if (failureRate > 0 || values[field] === undefined) continue;
    const fix = `Write ${keys.failureRate} as well, or remove it.`;
    problems.push({
      key: keys[field],
      why: `it belongs to ${keys.failureRate}, which is not there`,
      fix,
      outcome: 'ignored',
    });
  }
  return problems;
}

function fieldsOf(values: Partial<Values>): (keyof Values)[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a partial record
  return Object.keys(values) as (keyof Values)[];
}
