import { systemClock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/error-text.ts';
import { eventClock } from '../../lib/event-clock.ts';
import { openLogDestination } from '../../lib/log-destination.ts';
import type { Logger } from '../../lib/logger.ts';
import { createLogger } from '../../lib/logger.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { systemRandom } from '../../lib/random.ts';
import type { Ejection, FromWorker, ToWorker } from '../../model/messages.ts';
import type { MetricSample } from '../../model/metric-sample.ts';
import type { Settings } from '../../settings/settings.ts';
import { settingsFromPlain } from '../../settings/table-access.ts';
import { createAccessLog } from '../../telemetry/access-log.ts';
import { createCounters } from '../../telemetry/counters.ts';
import type { Engine, SocketHandle } from '../engines/engine.ts';
import { engines } from '../engines/table.ts';
import { accessLogEntry } from '../filters/access-log.ts';
import { createMirrorSender } from '../mirroring/mirror-sender.ts';
import { Runtime } from '../runtime/runtime.ts';
import { avoidedByCopies } from '../upstreams/ejection-trials.ts';
import { collector } from './collect.ts';
import { EjectionLog } from './ejection-log.ts';
import { fileCountsReader, OpenFiles } from './open-files.ts';

type Birth = Extract<ToWorker, { kind: 'birth' }>;
type Update = Extract<ToWorker, { kind: 'update' }>;
type ListenerMessage = Extract<ToWorker, { kind: 'listener' }>;

/** After a bug that reached the top, exchanges in flight get this long before the process ends (threats R-44). */
const bugGraceMs = 1_000;
const flushMs = 1_000;

/** One data worker from its birth message on: what each message of the supervisor does. */
export class DataWorker {
  readonly settings: Settings;
  readonly #log: Logger;
  readonly #engine: Engine;
  readonly #runtime: Runtime;
  readonly #ejectionLog: EjectionLog;
  readonly #collect: () => readonly MetricSample[];
  readonly #say: (message: FromWorker) => void;
  readonly #flushAll: () => Promise<unknown>;
  /** Sockets that we accept on, by number: each closes its own. */
  readonly #listening = new Map<number, () => void>();
  #ending = false;

  constructor(birth: Birth, say: (message: FromWorker) => void) {
    const settings = settingsFromPlain(birth.settings);
    const log = createLogger({ process: `worker-${birth.index}`, level: settings.logLevel });
    const accessLines = openAccessLog(settings, log);
    const accessLog = createAccessLog(settings.logFormat, accessLines);
    const counters = createCounters(settings);
    const ejectionLog = new EjectionLog(log, systemClock.now);
    const runtime: Runtime = new Runtime({
      clock: eventClock,
      random: systemRandom,
      counters,
      accessLog: (exchange) => accessLog.write(accessLogEntry(exchange, eventClock)),
      sendCopy: createMirrorSender({
        clock: systemClock,
        counters,
        pick: (id, key) => {
          const upstream = runtime.upstreams.get(id);
          return upstream?.picker?.pick(key, avoidedByCopies(upstream));
        },
      }),
      worker: { index: birth.index, count: birth.count },
      requestLabels: { perHost: settings.metricsPerHost, statusClasses: settings.reportStatusClasses },
      onBug: (error, exchange) =>
        log.error(
          { event: 'exchange-failed', error, method: exchange.request.method, requestId: exchange.requestId },
          'A request ended with 500 because of a bug in Fairway: please report this line',
        ),
      onChecksIgnored: ({ namespace, service, port }, ignored) =>
        log.warn(
          { event: ignored ? 'checks-ignored' : 'checks-heeded', namespace, service, port },
          ignored
            ? `No endpoint of ${namespace}/${service}:${port} passes its health check: checks are ignored`
            : `An endpoint of ${namespace}/${service}:${port} passes its health check again`,
        ),
      onEjected: (upstream, ejection) => {
        say({ kind: 'ejected', ejection });
        ejectionLog.decided(upstream, ejection);
      },
    });
    this.settings = settings;
    this.#log = log;
    this.#say = say;
    this.#runtime = runtime;
    this.#ejectionLog = ejectionLog;
    const admission = new OpenFiles({ clock: systemClock, counters, log, read: fileCountsReader() });
    admission.start();
    this.#engine = engines[settings.engine]({ runtime, ticketKeys: birth.ticketKeys, log, admission });
    const droppedLines = (): number => log.dropped + accessLines.dropped;
    this.#collect = collector({ counters, engine: this.#engine, runtime, droppedLines });
    this.#flushAll = () => Promise.all([log.flush(flushMs), accessLines.flush(flushMs)]);
  }

  handle(message: Exclude<ToWorker, Birth>, socket: SocketHandle): void {
    switch (message.kind) {
      case 'listener':
        return this.#listen(message, socket);
      case 'close-listener':
        return this.#closeListener(message.socket);
      case 'update':
        return this.#update(message);
      case 'ejected':
        return this.#follow(message.ejection);
      case 'health':
        return this.#engine.health(message.unhealthy);
      case 'collect':
        return this.#say({ kind: 'collected', request: message.request, samples: this.#collect() });
      case 'lameduck':
        return this.#engine.lameduck(message.durationMs);
      case 'drain':
        return void this.end(message.deadlineMs, 0);
    }
  }

  /** Stops accepting, finishes what is in flight, says `drained`, and ends the process. */
  async end(deadlineMs: number, exitCode: number): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    const openConnections = await this.#engine.drain(deadlineMs);
    await this.#flushAll();
    this.#say({ kind: 'drained', openConnections });
    // `send` is asynchronous: the channel takes the message before the process ends.
    setTimeout(() => process.exit(exitCode), 20);
  }

  /** Something threw outside of any exchange: what state it left behind nobody knows, so another process takes over. */
  async onBug(error: unknown): Promise<void> {
    this.#log.error(
      { event: 'worker-bug', error },
      'A bug in Fairway reached the top of a data worker, which is replaced: please report this line',
    );
    // Clients that come meanwhile need not wait for the successor: another worker accepts them.
    this.#say({ kind: 'leaving' });
    await this.#engine.drain(bugGraceMs);
    await this.#flushAll();
    process.exit(1);
  }

  #follow(ejection: Ejection): void {
    if (this.#runtime.follow(ejection) === 'followed') this.#ejectionLog.followed(ejection);
  }

  #listen(message: ListenerMessage, socket: SocketHandle): void {
    if (this.#ending) return;
    // What backends and variables call the port is the one that clients use.
    const mapped = message.id === 'http' ? this.settings.publicHttpPort : 0;
    const close = this.#engine.listen(message.id, mapped === 0 ? message.port : mapped, socket);
    this.#listening.set(message.socket, close);
    this.#say({ kind: 'listening', id: message.id, socket: message.socket });
  }

  #closeListener(socket: number): void {
    this.#listening.get(socket)?.();
    this.#listening.delete(socket);
  }

  #update({ update }: Update): void {
    try {
      this.#engine.apply(update);
    } catch (error) {
      const known = error instanceof OperatorError;
      this.#log.error({ event: 'update-rejected', version: update.to, error }, 'An update cannot be applied');
      const what = known ? error.what : `Version ${update.to} of the configuration is not taken`;
      const fix = known ? error.fix : 'This is a bug: report it with the log line.';
      return this.#say({ kind: 'rejected', version: update.to, what, why: known ? error.why : messageOf(error), fix });
    }
    return this.#say({ kind: 'applied', version: update.to });
  }
}

/** A log file that cannot be written is said; the lines then go to standard output. */
function openAccessLog(settings: Settings, log: Logger): ReturnType<typeof openLogDestination> {
  try {
    return openLogDestination(settings.accessLogPath);
  } catch (error) {
    // Anything else that is thrown there is a bug, and is said all the same.
    const code = error instanceof OperatorError ? error.code : 'log-not-writable';
    const message = `${messageOf(error)} The lines of the access log go to standard output now.`;
    log.error({ event: 'access-log-not-writable', code, error }, message);
    return openLogDestination('/dev/stdout');
  }
}
