import { messageOf } from '../../../lib/error-text.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { ReflectorListener } from './reflector-options.ts';

/** Runs what lies behind the store; a bug there must not end the watch, nor the process. */
export function contain(run: () => void, log: Logger, resource: string): void {
  try {
    run();
  } catch (error) {
    log.error({ resource, error }, `a change of ${resource} was not taken: ${messageOf(error)}`);
  }
}

/** A listener whose exceptions stay here. `decode` is passed through, it promises not to throw. */
export function containedListener<T>(
  listener: ReflectorListener<T>,
  log: Logger,
  resource: string,
): ReflectorListener<T> {
  const safely = (run: () => void): void => contain(run, log, resource);
  return {
    decode: (object, previous) => listener.decode(object, previous),
    upsert: (held) => safely(() => listener.upsert(held)),
    remove: (held) => safely(() => listener.remove(held)),
    synced: () => safely(() => listener.synced()),
    failing: (error) => safely(() => listener.failing(error)),
    working: () => safely(() => listener.working()),
  };
}
