import type { JsonObject } from '../sources/cluster/json.ts';
import { numberAt, objectAt, textAt } from '../sources/cluster/json.ts';

/** coordination.k8s.io/v1 Lease: who leads, and since when, as the holder's own clock has it. */
export interface Lease {
  /** The whole object, so that an update keeps what is not ours. */
  readonly raw: JsonObject;
  /** Empty when nobody holds it. */
  readonly holder: string;
  /** 0 when the holder does not say. */
  readonly durationSeconds: number;
  readonly transitions: number;
  readonly acquireTime: string;
  /** Changes whenever the holder renews; compared, never read as a time: clocks of machines differ. */
  readonly record: string;
}

/** What the holder writes. */
export interface LeaseTerms {
  readonly holder: string;
  readonly durationSeconds: number;
  readonly transitions: number;
  readonly acquireTime: string;
  readonly renewTime: string;
}

export function leaseOf(value: unknown): Lease {
  const raw = objectAt({ value }, 'value');
  const spec = objectAt(raw, 'spec');
  return {
    raw,
    holder: textAt(spec, 'holderIdentity'),
    durationSeconds: numberAt(spec, 'leaseDurationSeconds'),
    transitions: numberAt(spec, 'leaseTransitions'),
    acquireTime: textAt(spec, 'acquireTime'),
    record: JSON.stringify(spec),
  };
}

export function newLease(namespace: string, name: string, terms: LeaseTerms): JsonObject {
  return withTerms({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name } }, terms);
}

/** The object with other terms; its `resourceVersion` stays, so that an update loses against whoever was faster. */
export function withTerms(raw: JsonObject, terms: LeaseTerms): JsonObject {
  return {
    ...raw,
    spec: {
      ...objectAt(raw, 'spec'),
      holderIdentity: terms.holder,
      leaseDurationSeconds: terms.durationSeconds,
      leaseTransitions: terms.transitions,
      acquireTime: terms.acquireTime,
      renewTime: terms.renewTime,
    },
  };
}

/** `metav1.MicroTime`: six digits after the second. @param wallMs  milliseconds since 1970 */
export function microTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, -1)}000Z`;
}
