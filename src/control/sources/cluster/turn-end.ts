import type { ApiError } from './api-error.ts';

/**
 * What one list or watch came to. `listed`: go on with a watch. `unsupported`: the server cannot stream lists.
 * `suspicious`: a list without most of what we hold. `line`: something that is no event. `relist`: asked for from
 * outside. `ended`: the server closed the watch in order.
 */
export type TurnEnd =
  | { readonly kind: 'listed' | 'unsupported' | 'suspicious' | 'stall' | 'line' | 'relist' }
  | { readonly kind: 'ended'; readonly livedMs: number }
  | { readonly kind: 'failed'; readonly error: ApiError };
