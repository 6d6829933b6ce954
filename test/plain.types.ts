import type { FromControl, FromWorker, ToControl, ToWorker } from '../src/model/messages.ts';
import type { IsPlain } from '../src/model/plain.ts';

// Everything that crosses a process boundary is plain data: this file does not compile otherwise.
type Assert<T extends true> = T;
export type Proofs = [
  Assert<IsPlain<ToWorker>>,
  Assert<IsPlain<FromWorker>>,
  Assert<IsPlain<ToControl>>,
  Assert<IsPlain<FromControl>>,
];
