import type { LeaderElector } from '../../src/control/status/leader-election.ts';

/** Leadership that a test gives and takes. */
export class FakeLeadership implements Pick<LeaderElector, 'leading' | 'onChange'> {
  #leading: boolean;
  readonly #listeners: ((leading: boolean) => void)[] = [];

  constructor(leading = true) {
    this.#leading = leading;
  }

  readonly leading = (): boolean => this.#leading;

  readonly onChange = (listener: (leading: boolean) => void): void => {
    this.#listeners.push(listener);
  };

  /** With or without telling anybody: a Lease may also just grow old. */
  set(leading: boolean, tell: 'tell' | 'silently' = 'tell'): void {
    this.#leading = leading;
    if (tell === 'tell') for (const listener of this.#listeners) listener(leading);
  }
}
