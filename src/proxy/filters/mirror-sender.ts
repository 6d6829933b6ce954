import type { MirrorPolicy, RouteLabels } from '../../model/policy.ts';
import type { BodyCopy } from '../exchange/body-copy.ts';

/** A copy of one request. */
export interface CopiedRequest {
  readonly policy: MirrorPolicy;
  /** Of the route, for metrics. */
  readonly labels: RouteLabels;
  readonly method: string;
  /** Path and query, as variables gave them: not checked yet. */
  readonly path: string;
  /** Flat list, Host first, without framing. */
  readonly headers: readonly string[];
  /** `none`, bytes of a body with a length, or chunks. */
  readonly body: 'none' | 'chunked' | number;
  /** What a hashing balancer of the target hashes. */
  readonly key: string;
}

/**
 * Takes a copy. Never throws, never blocks; a copy that cannot be sent is dropped and counted.
 * @returns what the body goes to; undefined when there is none, or the copy was dropped
 */
export type MirrorSender = (copy: CopiedRequest) => BodyCopy | undefined;
