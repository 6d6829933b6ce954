import { systemClock } from './lib/clock.ts';
import { createLogger } from './lib/logger.ts';
import { OperatorError } from './lib/operator-error.ts';
import { helpText, versionText } from './settings/help.ts';
import { parseInvocation } from './settings/parse.ts';
import { describeProblem } from './settings/problem.ts';
import type { SettingProblem } from './settings/problem.ts';
import type { Settings } from './settings/settings.ts';
import { Supervisor } from './supervisor/supervisor.ts';

/** The command line: `serve`, the default, runs the program. Exit codes: 0 ended in order, 1 cannot work, 2 wrong usage. */

const usageExitCode = 2;
const levels = { error: 'error', warning: 'warn', info: 'info' } as const;
const invocation = parseInvocation(process.argv.slice(2), process.env);
switch (invocation.kind) {
  case 'help':
    process.stdout.write(helpText());
    break;
  case 'version':
    process.stdout.write(`${versionText()}\n`);
    break;
  case 'invalid':
    for (const problem of invocation.problems) process.stderr.write(`fairway: ${describeProblem(problem)}\n`);
    process.exitCode = usageExitCode;
    break;
  case 'serve':
    process.exitCode = await serve(invocation.settings, invocation.notes);
    // Nothing may hold up the end any more, not even a log reader that does not read.
    process.exit();
}

async function serve(settings: Settings, notes: readonly SettingProblem[]): Promise<number> {
  const log = createLogger({ process: 'supervisor', level: settings.logLevel });
  log.info({ event: 'starting', version: versionText() }, `${versionText()} starts`);
  for (const note of notes) log[levels[note.severity]]({ event: 'setting', where: note.where }, describeProblem(note));
  const supervisor = new Supervisor({ settings, log, clock: systemClock });
  process.on('SIGTERM', () => supervisor.signal('SIGTERM'));
  process.on('SIGINT', () => supervisor.signal('SIGINT'));
  // On a terminal it has gone; elsewhere people send it to nginx to reload, and here there is nothing to reload.
  process.on('SIGHUP', () => process.stdin.isTTY && supervisor.signal('SIGINT'));
  try {
    return await supervisor.run();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    await log.flush(1_000);
    process.stderr.write(`fairway: ${error.message}\n`);
    return 1;
  } finally {
    await log.flush(1_000);
  }
}
