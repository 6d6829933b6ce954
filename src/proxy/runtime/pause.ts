import type { FailureName } from '../exchange/failure.ts';
import type { Attempts } from './attempts.ts';
import type { Serving } from './serving.ts';
import type { AfterWait } from './waiting-exchange.ts';

/**
 * Every endpoint there is was tried and refused at once: tries that follow at once would be used up within a millisecond.
 * After this time a pod that was replaced is known, or the program listens again.
 */
const pauseMs = 100;

/** Whether to wait a moment before the next try. */
export function mustPause({ upstream }: Attempts, { exchange }: Serving, failure: FailureName | undefined): boolean {
  if (failure !== 'connect-refused' && failure !== 'connect-failed') return false;
  return upstream.pickable.every((endpoint) => exchange.tried.includes(endpoint));
}

/** Waits a moment. A client that leaves meanwhile ends the exchange. @param next  goes on; never throws */
export function pause(serving: Serving, next: () => void, after: Pick<AfterWait, 'fail'>): void {
  const { transport } = serving;
  const timer = setTimeout(() => {
    transport.watchClient(undefined);
    next();
  }, pauseMs);
  transport.watchClient((failure) => {
    clearTimeout(timer);
    transport.watchClient(undefined);
    after.fail(serving, failure);
  });
}
