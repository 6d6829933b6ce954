import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector';

// From the start: V8 counts the blocks of those functions only that it compiles from now on, which is at their first call.
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/**
 * How many blocks of our own code run: turns of loops, branches and calls, counted by V8. Unlike time it is the same on every
 * machine and in every run. Nothing of the folder may have run before this file was imported.
 * @param folder  of `src/`; what other code does is not counted
 */
export function stepsOf(folder: string, run: () => void): number {
  takeSteps(folder);
  run();
  return takeSteps(folder);
}

/** Since it was asked last. */
function takeSteps(folder: string): number {
  let scripts: readonly Profiler.ScriptCoverage[] = [];
  session.post('Profiler.takePreciseCoverage', (_error, taken) => {
    scripts = taken.result;
  });
  return scripts
    .filter(({ url }) => url.includes(`/src/${folder}/`))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0);
}
