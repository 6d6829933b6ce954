import { connect } from 'node:net';

import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/error-text.ts';
import type { Logger } from '../lib/logger.ts';
import type { OperatorError } from '../lib/operator-error.ts';
import { systemRandom } from '../lib/random.ts';
import type { Certificate } from '../model/certificate.ts';
import type { FromControl, UnhealthyEndpoints } from '../model/messages.ts';
import type { Kind } from '../model/object-ref.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { version } from '../settings/help.ts';
import type { Settings } from '../settings/settings.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { SupervisorState } from './admin/view.ts';
import { makeDefaultCertificate } from './certificates/default-certificate.ts';
import type { Compilation, Compiler } from './compile/compilation.ts';
import { createCompiler } from './compile/compile.ts';
import { Findings } from './findings.ts';
import type { CheckContext } from './health/checks/check.ts';
import { halfOfOpenFiles, KeptConnections } from './health/checks/kept-connections.ts';
import { openProbe } from './health/checks/probe-connection.ts';
import { createChecker } from './health/checks/table.ts';
import { Prober, systemProberTimers } from './health/prober.ts';
import type { HealthChange } from './health/prober.ts';
import { endpointHoldOff, HoldOff, objectHoldOff, systemTimer } from './hold-off.ts';
import { IgnoredChecks } from './ignored-checks.ts';
import { ObjectStore } from './objects/object-store.ts';
import { Publisher } from './publisher.ts';
import type { ObjectSource } from './sources/source.ts';
import { publishedAddresses } from './status/addresses.ts';
import type { ClusterReports } from './status/cluster-reports.ts';
import type { Leadership } from './status/leadership.ts';

export interface ControllerOptions {
  readonly settings: Settings;
  /** What the workers serve when this process starts. */
  readonly snapshot: Snapshot;
  readonly unhealthy: UnhealthyEndpoints;
  readonly source: ObjectSource;
  /** Status, Events and election; absent without an API server. */
  readonly reports?: ClusterReports;
  readonly counters: Counters;
  readonly send: (message: FromControl) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const hourSeconds = 3_600;
/** How often what depends on the clock (ends of certificates) is looked at again. */
const clockEveryMs = 10 * 60_000;
/** Most health checks at once; each is one socket. */
const checksAtOnce = 512;
const checkContext: CheckContext = {
  userAgent: `fairway-probe/${version()}`,
  open: openProbe,
  kept: new KeptConnections(halfOfOpenFiles()),
  connect,
};
/** A change that touches none of these is one of endpoints, which is urgent: it moves requests away from pods that go. */
const slowKinds: readonly Kind[] = ['Ingress', 'IngressClass', 'Service', 'Secret', 'ConfigMap', 'Namespace'];

/** The loop: objects change, they are compiled, what differs is published, what was found is reported. */
export class Controller {
  readonly health: Prober;
  readonly #options: ControllerOptions;
  readonly #store = new ObjectStore();
  readonly #compile: Compiler = createCompiler();
  readonly #holdOff: HoldOff;
  readonly #publisher: Publisher;
  readonly #findings: Findings;
  readonly #ignoredChecks: IgnoredChecks;
  readonly #stop = new AbortController();
  #defaultCertificate: Certificate | undefined;
  #compilation: Compilation | undefined;
  /** Without what the health checks found. */
  #compiled: Compilation | undefined;
  #state: SupervisorState | undefined;
  #generations = '';

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { clock, counters, log, send, snapshot, unhealthy } = options;
    this.#holdOff = new HoldOff((changedAt) => this.#run(changedAt), clock, systemTimer);
    this.#publisher = new Publisher(snapshot, { send, counters, clock, log });
    this.#findings = new Findings(log, counters);
    this.#ignoredChecks = new IgnoredChecks(clock);
    this.health = new Prober({
      clock,
      random: systemRandom,
      timers: systemProberTimers,
      createChecker: (check, onResult) => createChecker(check, checkContext, onResult),
      counters,
      log,
      onChange: (change) => this.#healthChanged(change),
      inherited: unhealthy,
      concurrency: checksAtOnce,
    });
  }

  /** Follows the source until `stop`. @throws OperatorError when the source never will work */
  async run(): Promise<void> {
    this.#store.onChange(() => this.#changed());
    const clockTimer = setInterval(() => this.#compileAgain(), clockEveryMs);
    clockTimer.unref();
    this.#options.reports?.start(() => this.#compileAgain());
    await this.#options.source.run(this.#store, this.#stop.signal);
  }

  get compilation(): Compilation | undefined {
    return this.#compilation;
  }

  get state(): SupervisorState | undefined {
    return this.#state;
  }

  /** What the first complete set of objects still waits for. */
  waitingFor(): readonly string[] {
    return this.#compiled === undefined ? this.#options.source.waitingFor() : [];
  }

  /** Who writes status and Events. */
  leadership(): Leadership {
    return this.#options.reports?.leadership() ?? { isLeader: false, lease: '', holder: '' };
  }

  /** Takes the supervisor's report. */
  follow(state: SupervisorState): void {
    this.#state = state;
    this.#publisher.follow(state.workers);
  }

  /** A data worker refused a version and serves the one before. */
  rejected(version: number, error: OperatorError): void {
    this.#publisher.rejected(version);
    this.#options.log.error({ code: error.code, version, why: error.why, fix: error.fix }, error.what);
  }

  /** Ends leader-only work and releases the Lease. Objects are followed until the process ends: a drain is long. */
  async drain(): Promise<void> {
    await this.#options.reports?.stop();
    this.#options.send({ kind: 'drained' });
  }

  /** Something beside the objects is new. Before all objects are there it must wait, or routes that are served would go. */
  #compileAgain(): void {
    if (this.#store.isSynced) this.#holdOff.touch(objectHoldOff);
  }

  #changed(): void {
    if (!this.#store.isSynced) return;
    const slow = slowKinds.map((kind) => this.#store.generation(kind)).join();
    const urgent = slow === this.#generations && this.#compiled !== undefined;
    this.#holdOff.touch(urgent ? endpointHoldOff : objectHoldOff);
  }

  #run(changedAt: number): void {
    this.#generations = slowKinds.map((kind) => this.#store.generation(kind)).join();
    const { clock, counters, log } = this.#options;
    const started = clock.now();
    try {
      const compilation = this.#compileNow();
      counters.series('fairway_compile_seconds', []).add((clock.now() - started) / 1000);
      this.#take(compilation, changedAt);
    } catch (error) {
      // A bug of ours must not end what is served: the last snapshot stays, and that is said.
      log.error({ error, code: 'compile-failed' }, `the configuration is not taken: ${messageOf(error)}`);
      counters.series('nginx_ingress_controller_errors', []).add(1);
      counters.series('nginx_ingress_controller_config_last_reload_successful', []).set(0);
    }
  }

  #compileNow(): Compilation {
    const { clock, reports, settings } = this.#options;
    const previous = this.#publisher.published;
    const defaultCertificate = this.#selfSigned();
    const zone = reports?.zone();
    return this.#compile({
      objects: this.#store,
      settings,
      version: previous.version + 1,
      previous,
      nowSeconds: Math.floor(clock.wall() / 1000 / hourSeconds) * hourSeconds,
      publishedAddresses: publishedAddresses(this.#store, settings, reports?.nodeAddresses() ?? []),
      ...(zone !== undefined && { zone }),
      defaultCertificate,
    });
  }

  #take(compilation: Compilation, changedAt: number): void {
    const first = this.#compiled === undefined;
    const published = this.#publisher.publish(compilation.snapshot, changedAt);
    // Without a difference the version does not count: what is served keeps its number.
    const compiled = published ? compilation : { ...compilation, snapshot: this.#publisher.published };
    this.#compiled = compiled;
    this.health.update(compiled);
    this.#report(compiled);
    if (published) this.#say(compiled);
    // After a restart usually nothing differs, and nothing else would tell that it follows the objects again.
    if (first) this.#options.log.info({ event: 'child-serving', child: 'control' }, 'control serves');
  }

  #report(compiled: Compilation): void {
    this.#ignoredChecks.update(this.health.ignored());
    const compilation = this.#ignoredChecks.withWarnings(compiled);
    this.#compilation = compilation;
    this.#findings.update(compilation);
    this.#options.reports?.update(this.#ignoredChecks.withNews(compiled), this.#store);
  }

  #say({ diagnostics, snapshot }: Compilation): void {
    const fields = {
      event: 'published',
      version: snapshot.version,
      hosts: snapshot.virtualHosts.size,
      upstreams: snapshot.upstreams.size,
      certificates: snapshot.certificates.size,
      diagnostics: diagnostics.length,
    };
    this.#options.log.info(fields, `version ${snapshot.version} published`);
  }

  /** The certificate that the workers have already, else a new one: made once, because each one has its own key. */
  #selfSigned(): Certificate {
    const served = [...this.#publisher.published.certificates.values()].find((one) => one.source === 'default');
    const nowSeconds = this.#options.clock.wall() / 1000;
    const kept = this.#defaultCertificate ?? served;
    // Renewed a month before its end, so that a process that runs for years never serves an expired one.
    const fresh = kept !== undefined && kept.notAfter - nowSeconds > 30 * 24 * hourSeconds;
    this.#defaultCertificate = fresh ? kept : makeDefaultCertificate(this.#options.clock.wall());
    return this.#defaultCertificate;
  }

  #healthChanged({ unhealthy }: HealthChange): void {
    this.#options.send({ kind: 'health', unhealthy });
    if (this.#compiled !== undefined) this.#report(this.#compiled);
  }
}
