import type { Logger } from '../../lib/logger.ts';
import type { ApiError } from '../sources/cluster/api-error.ts';

/** The right without which something is forbidden, as it stands in a Role. */
export interface NeededRight {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  /** Where it is granted: `the ClusterRole`, or `the Role in namespace x`. */
  readonly role: string;
}

/** Says once that something cannot be written, or read, and once that it can again. What may pass must come twice in a row. */
export class WriteProblem {
  readonly #what: string;
  readonly #right: NeededRight;
  readonly #log: Logger;
  readonly #done: 'written' | 'read';
  #last = '';
  #said = '';

  /** @param what  the thing that is written or read, for messages: `the status of Ingresses` */
  constructor(what: string, right: NeededRight, log: Logger, done: 'written' | 'read' = 'written') {
    this.#what = what;
    this.#right = right;
    this.#log = log;
    this.#done = done;
  }

  failed(error: ApiError): void {
    const cause = `${error.status} ${error.reason}`;
    const again = cause === this.#last;
    this.#last = cause;
    if (cause === this.#said || (!again && mayPass(error))) return;
    this.#said = cause;
    this.#log.warn(
      { status: error.status, reason: error.reason },
      `${this.#what} cannot be ${this.#done}: ${error.message}. ${this.#fix(error)}`,
    );
  }

  worked(): void {
    this.#last = '';
    if (this.#said === '') return;
    this.#said = '';
    this.#log.info({}, `${this.#what} can be ${this.#done} again`);
  }

  #fix(error: ApiError): string {
    if (error.status !== 403) return 'Fairway tries again by itself';
    const { group, resource, role, verbs } = this.#right;
    const list = verbs.map((verb) => `"${verb}"`).join(', ');
    return `Add to ${role} of Fairway: apiGroups: ["${group}"], resources: ["${resource}"], verbs: [${list}]`;
  }
}

function mayPass(error: ApiError): boolean {
  return error.failure === 'network' || error.failure === 'timeout' || error.status >= 500;
}
