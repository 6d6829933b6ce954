import { messageOf } from '../../../lib/error-text.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { ReflectorListener } from './reflector-options.ts';

/**
 * A listener whose exceptions stay here: a bug behind the store must not end the watch, nor the process. `decode` is
 * passed through, it promises not to throw.
 */
export function containedListener<T>(
  listener: ReflectorListener<T>,
  log: Logger,
  resource: string,
): ReflectorListener<T> {
  const contain = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      log.error({ resource, error }, `a change of ${resource} was not taken: ${messageOf(error)}`);
    }
  };
  return {
    decode: (object, previous) => listener.decode(object, previous),
    upsert: (held) => contain(() => listener.upsert(held)),
    remove: (held) => contain(() => listener.remove(held)),
    synced: () => contain(() => listener.synced()),
    failing: (error) => contain(() => listener.failing(error)),
    working: () => contain(() => listener.working()),
  };
}
