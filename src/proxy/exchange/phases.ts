import type { Exchange, LocalResponse } from './exchange.ts';

/** `undefined` lets the exchange go on. */
export type Verdict = LocalResponse | undefined;

/** What a filter does, by phase. Absent hooks cost nothing. */
export interface FilterHooks {
  /** Authorise, limit, redirect, rewrite. */
  readonly request?: (exchange: Exchange) => Verdict | Promise<Verdict>;
  /** May pin an endpoint; called before every try. */
  readonly select?: (exchange: Exchange) => void;
  /** Request head as the upstream will see it; called before every try. */
  readonly forward?: (exchange: Exchange) => void;
  /** Head of the answer as the client will see it, local answers included. */
  readonly respond?: (exchange: Exchange) => void;
  /** Always, exactly once. */
  readonly finish?: (exchange: Exchange) => void;
}
