import type { Field } from '../rows/row.ts';

/** What a number is, and how it is written. */
export interface FieldText {
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  readonly better: 'less' | 'more';
}

export const fieldTexts: Readonly<Record<Field, FieldText>> = {
  cpuUs: { name: 'CPU per request', unit: 'µs', digits: 1, better: 'less' },
  requestsPerSecond: { name: 'requests per second', unit: '/s', digits: 0, better: 'more' },
  perCpuSecond: { name: 'requests per second of CPU time', unit: '/s', digits: 0, better: 'more' },
  p50Ms: { name: 'median latency', unit: 'ms', digits: 2, better: 'less' },
  p99Ms: { name: 'p99 latency', unit: 'ms', digits: 2, better: 'less' },
  kilobytes: { name: 'memory per connection', unit: 'KB', digits: 1, better: 'less' },
  busiestPercent: { name: 'connections of the worker that has more', unit: '%', digits: 0, better: 'less' },
  proxyCores: { name: 'cores used by the proxy', unit: 'cores', digits: 2, better: 'less' },
  clientCores: { name: 'cores used by the client', unit: 'cores', digits: 2, better: 'less' },
  errors: { name: 'errors', unit: '', digits: 0, better: 'less' },
};

/** A number with its unit; `-` where nothing was measured. */
export function valueText(field: Field, value: number | undefined): string {
  const { digits, unit } = fieldTexts[field];
  return value === undefined ? '-' : `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`;
}
