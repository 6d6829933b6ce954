import { systemClock } from '../lib/clock.ts';
import { messageOf } from '../lib/error-text.ts';
import type { Logger } from '../lib/logger.ts';
import { createLogger } from '../lib/logger.ts';
import { OperatorError } from '../lib/operator-error.ts';
import type { FromControl, ToControl } from '../model/messages.ts';
import { version } from '../settings/help.ts';
import type { Settings } from '../settings/settings.ts';
import { settingsFromPlain } from '../settings/table-access.ts';
import { createCounters } from '../telemetry/counters.ts';
import type { Admin } from './admin/server.ts';
import { createAdmin } from './admin/server.ts';
import { Controller } from './controller.ts';
import { Ejections } from './health/ejections.ts';
import { sourceName, sources } from './sources/table.ts';
import { openReports } from './status/cluster-reports.ts';

/** The control process: messages of the supervisor in, messages to it out. It never decides to end: the supervisor does. */

const heartbeatMs = 1_000;
let controller: Controller | undefined;
let admin: Admin | undefined;
let log: Logger | undefined;
const ejections = new Ejections(systemClock);

process.on('message', (message: ToControl, handle: unknown) => receive(message, handle));
// Without the supervisor nobody serves what is compiled here.
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('uncaughtException', (error) => void dieOf(error));
setInterval(() => send({ kind: 'heartbeat' }), heartbeatMs);

function send(message: FromControl): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function receive(message: ToControl, handle: unknown): void {
  switch (message.kind) {
    case 'birth':
      return begin(message);
    case 'admin-listener':
      return void admin?.listen(handle ?? undefined);
    case 'state':
      return controller?.follow(message);
    case 'applied':
      return;
    case 'ejected':
      return ejections.note(message.ejection);
    case 'rejected':
      return controller?.rejected(message.version, new OperatorError({ code: 'update-rejected', ...message }));
    case 'collected':
      return admin?.collected(message);
    case 'drain':
      return void controller?.drain();
  }
}

function begin(birth: Extract<ToControl, { kind: 'birth' }>): void {
  const settings = settingsFromPlain(birth.settings);
  const ownLog = createLogger({ process: 'control', level: settings.logLevel });
  const counters = createCounters(settings);
  const tools = { settings, clock: systemClock, log: ownLog, counters };
  const source = sources[sourceName(settings)](tools);
  const reports = source.name === 'cluster' ? { reports: openReports(tools) } : {};
  const made = new Controller({ ...birth, ...tools, ...reports, source, send });
  log = ownLog;
  controller = made;
  admin = createAdmin({ clock: systemClock, log: ownLog, view: viewOf(made, settings, counters) });
  made.run().catch((error: unknown) => giveUp(error));
}

function viewOf(
  made: Controller,
  settings: Settings,
  counters: ReturnType<typeof createCounters>,
): Parameters<typeof createAdmin>[0]['view'] {
  return {
    settings,
    version: version(),
    startedAt: systemClock.wall(),
    state: () => made.state,
    waitingFor: () => made.waitingFor(),
    compilation: () => made.compilation,
    leadership: () => made.leadership(),
    health: made.health,
    ejections,
    counters,
    askWorkers: (request) => send({ kind: 'collect', request }),
  };
}

/** What never will work is for the operator; the supervisor ends with it. */
function giveUp(error: unknown): void {
  if (!(error instanceof OperatorError)) return void dieOf(error);
  const { code, fix, what, why } = error;
  send({ kind: 'fatal', code, what, why, fix });
}

/** A bug: say it and end; the supervisor starts a fresh process, and the data workers go on meanwhile. */
async function dieOf(error: unknown): Promise<void> {
  log?.error({ error, code: 'control-died' }, `the control process ends: ${messageOf(error)}`);
  await log?.flush(500);
  process.exit(1);
}
