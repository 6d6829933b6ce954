import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { EndpointId, UpstreamId } from '../../model/ids.ts';
import type { UnhealthyEndpoints } from '../../model/messages.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { HealthCheck } from '../../model/upstream.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { Compilation } from '../compile/compilation.ts';
import { CheckCounts } from './check-counts.ts';
import type { Checker, CheckResult } from './checks/check.ts';
import { sayIgnored, sayState } from './health-log.ts';
import type { HealthLog } from './health-log.ts';
import type { HealthView, UpstreamHealth } from './health-state.ts';
import { Schedule, tickMs } from './schedule.ts';
import { Slots } from './slots.ts';
import { Target, targetKey } from './targets.ts';
import type { CheckedUpstream } from './targets.ts';
import { probeable, uncheckedReady, verdictOf } from './verdict.ts';

/** Time as the prober uses it: two calls, so that tests own every moment. */
export interface ProberTimers {
  /** Calls `run` about every `ms` until the returned function is called. */
  every(ms: number, run: () => void): () => void;
  /** Calls `run` once, after what is happening now. */
  soon(run: () => void): void;
}

/** What the prober says when anything changed: always the whole state. */
export interface HealthChange {
  /** For `FromControl` of kind `health`. */
  readonly unhealthy: UnhealthyEndpoints;
  /** Upstreams of which nothing would be left, so that their checks are ignored. */
  readonly ignored: ReadonlySet<UpstreamId>;
}

export interface ProberOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: ProberTimers;
  /** `createChecker` of `checks/table.ts` outside of tests. */
  readonly createChecker: (check: HealthCheck, onResult: (result: CheckResult) => void) => Checker;
  readonly counters: Counters;
  readonly log: HealthLog;
  readonly onChange: (change: HealthChange) => void;
  /** What the workers hold when this process starts: such endpoints stay out until they pass. */
  readonly inherited: UnhealthyEndpoints;
  /** Most checks at once; each is one socket. */
  readonly concurrency: number;
}

/** What the prober takes of a compilation. */
export type CheckedModel = Pick<Compilation, 'healthChecks'> & { readonly snapshot: Pick<Snapshot, 'upstreams'> };

/** The end of the time of one check. */
interface Deadline {
  readonly target: Target;
  readonly startedAt: number;
  /** `#stalledMs` as it was at the start. */
  readonly stalledMs: number;
}

/** Timers of Node. */
export const systemProberTimers: ProberTimers = {
  every: (ms, run) => {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
  soon: (run) => void setImmediate(run),
};

/**
 * Runs the readiness probes of endpoints behind routes at their own pace, as the kubelet would, and says which
 * endpoints must not get requests. A new endpoint is good until its checks fail: Kubernetes said that it is ready.
 */
export class Prober implements HealthView {
  readonly #options: ProberOptions;
  readonly #upstreams: Map<UpstreamId, CheckedUpstream> = new Map();
  readonly #targets: Map<string, Target> = new Map();
  readonly #schedule: Schedule<Target>;
  /** When a running check has taken too long. */
  readonly #deadlines: Schedule<Deadline>;
  #tickedAt: number;
  /** All time in which this process was busy with something else for longer than a tick. */
  #stalledMs = 0;
  readonly #slots: Slots<Target>;
  readonly #counts: CheckCounts;
  readonly #dirty: Set<CheckedUpstream> = new Set();
  #inherited: UnhealthyEndpoints;
  #flushing = false;
  #changed = false;
  #stopTimer: (() => void) | undefined;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#inherited = options.inherited;
    // The workers may hold something that the first update no longer says.
    this.#changed = options.inherited.size > 0;
    this.#schedule = new Schedule(options.clock.now());
    this.#deadlines = new Schedule(options.clock.now());
    this.#tickedAt = options.clock.now();
    this.#slots = new Slots(options.concurrency, (target) => this.#start(target));
    this.#counts = new CheckCounts(options.counters);
  }

  /** Takes what is to be checked now. What stays keeps its counts and its pace; equal identity costs nothing. */
  update(model: CheckedModel): void {
    for (const [id, checks] of model.healthChecks) {
      const upstream = this.#upstreams.get(id) ?? this.#addUpstream(id);
      this.#updateUpstream(upstream, checks);
      const unchecked = uncheckedReady(model.snapshot.upstreams.get(id), checks);
      if (unchecked !== upstream.unchecked) this.#markDirty(upstream);
      upstream.unchecked = unchecked;
    }
    // Last, so that an endpoint that moves to another upstream keeps its counts.
    for (const upstream of this.#upstreams.values()) {
      if (!model.healthChecks.has(upstream.id)) this.#removeUpstream(upstream);
    }
    this.#inherited = new Map();
    this.#runTimer();
    if (this.#changed) this.#flushSoon();
  }

  upstream(id: UpstreamId): UpstreamHealth | undefined {
    return this.#upstreams.get(id);
  }

  ignored(): ReadonlySet<UpstreamId> {
    const ignored = new Set<UpstreamId>();
    for (const upstream of this.#upstreams.values()) if (upstream.ignored) ignored.add(upstream.id);
    return ignored;
  }

  /** The whole set of endpoints that must not be picked. */
  unhealthy(): UnhealthyEndpoints {
    const unhealthy = new Map<UpstreamId, readonly EndpointId[]>();
    for (const upstream of this.#upstreams.values()) {
      if (upstream.out.length > 0) unhealthy.set(upstream.id, upstream.out);
    }
    return unhealthy;
  }

  /** Ends every check; nothing is said any more. */
  stop(): void {
    for (const upstream of this.#upstreams.values()) this.#removeUpstream(upstream);
    this.#dirty.clear();
    this.#changed = false;
    this.#runTimer();
  }

  #addUpstream(id: UpstreamId): CheckedUpstream {
    const upstream: CheckedUpstream = {
      id,
      source: new Map(),
      endpoints: new Map(),
      unchecked: 0,
      ignored: false,
      out: [],
    };
    this.#upstreams.set(id, upstream);
    return upstream;
  }

  #removeUpstream(upstream: CheckedUpstream): void {
    this.#updateUpstream(upstream, new Map());
    this.#upstreams.delete(upstream.id);
    this.#dirty.delete(upstream);
    if (upstream.out.length > 0 || upstream.ignored) this.#changed = true;
  }

  #updateUpstream(upstream: CheckedUpstream, checks: ReadonlyMap<EndpointId, HealthCheck>): void {
    if (upstream.source === checks) return;
    upstream.source = checks;
    const before = new Map(upstream.endpoints);
    upstream.endpoints.clear();
    const inherited = this.#inherited.get(upstream.id);
    for (const [endpoint, check] of checks) {
      if (!probeable(check)) continue;
      const previous = before.get(endpoint);
      const kept = previous !== undefined && previous.check === check;
      const target = kept ? previous : this.#targetOf(check, upstream.id, inherited?.includes(endpoint) === true);
      target.users.add(upstream);
      upstream.endpoints.set(endpoint, target);
    }
    const still = new Set(upstream.endpoints.values());
    for (const target of before.values()) if (!still.has(target)) this.#leave(target, upstream);
    this.#markDirty(upstream);
  }

  #targetOf(check: HealthCheck, upstream: UpstreamId, inherited: boolean): Target {
    const key = targetKey(check);
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const target = new Target(key, check, namespaceOf(upstream), this.#options.clock.wall());
    if (inherited) target.inherit();
    this.#targets.set(key, target);
    // Somewhere in its first period, so that the pods of one Deployment are not all checked at one moment.
    target.dueAt = this.#options.clock.now() + this.#options.random() * check.periodMs;
    this.#schedule.add(target.dueAt, target);
    return target;
  }

  #leave(target: Target, upstream: CheckedUpstream): void {
    target.users.delete(upstream);
    if (!target.gone) return;
    this.#targets.delete(target.key);
    target.checker?.stop();
    if (target.startedAt === undefined) return;
    target.startedAt = undefined;
    this.#slots.release(target.group);
  }

  /** The timer runs only while there is something to check. */
  #runTimer(): void {
    if (this.#targets.size > 0) {
      if (this.#stopTimer !== undefined) return;
      this.#tickedAt = this.#options.clock.now();
      this.#stopTimer = this.#options.timers.every(tickMs, () => this.#tick());
      return;
    }
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #tick(): void {
    const now = this.#options.clock.now();
    const lateMs = now - this.#tickedAt - tickMs;
    if (lateMs > tickMs) this.#stalledMs += lateMs;
    this.#tickedAt = now;
    for (const deadline of this.#deadlines.take(now)) this.#reached(deadline, now);
    for (const target of this.#schedule.take(now)) if (!target.gone) this.#slots.run(target);
  }

  #start(target: Target): void {
    if (target.gone) {
      this.#slots.release(target.group);
      return;
    }
    const startedAt = this.#options.clock.now();
    target.startedAt = startedAt;
    // In the tick after the one in which the time ends, so that no check has less.
    const { timeoutMs } = target.check;
    this.#deadlines.add(startedAt + timeoutMs + tickMs - 1, { target, startedAt, stalledMs: this.#stalledMs });
    target.checker ??= this.#options.createChecker(target.check, (result) => this.#finish(target, result));
    target.checker.start();
  }

  /** What came while this process was busy has not been read yet: that time does not count against an endpoint. */
  #reached({ target, startedAt, stalledMs }: Deadline, now: number): void {
    if (target.startedAt !== startedAt) return;
    const lostMs = this.#stalledMs - stalledMs;
    if (lostMs > 0) this.#deadlines.add(now + lostMs, { target, startedAt, stalledMs: this.#stalledMs });
    else this.#giveUp(target);
  }

  #giveUp(target: Target): void {
    target.checker?.stop();
    this.#finish(target, { outcome: 'timeout', text: `no verdict within ${target.check.timeoutMs / 1000} s` });
  }

  #finish(target: Target, result: CheckResult): void {
    if (target.startedAt === undefined) return;
    const tookMs = this.#options.clock.now() - target.startedAt;
    target.startedAt = undefined;
    this.#slots.release(target.group);
    this.#counts.add(target.check.kind, result.outcome, tookMs);
    const before = target.state;
    if (target.count(result, this.#options.clock.wall())) {
      sayState(this.#options.log, target, before);
      for (const upstream of target.users) this.#markDirty(upstream);
    }
    this.#scheduleNext(target);
  }

  /** Keeps the pace of the first check; moments that passed while a check ran are left out, as the kubelet's ticker does. */
  #scheduleNext(target: Target): void {
    const now = this.#options.clock.now();
    const period = Math.max(target.check.periodMs, tickMs);
    const passed = Math.max(1, Math.ceil((now - target.dueAt) / period));
    target.dueAt += passed * period;
    this.#schedule.add(target.dueAt, target);
  }

  #markDirty(upstream: CheckedUpstream): void {
    this.#dirty.add(upstream);
    this.#flushSoon();
  }

  /** Many endpoints that fail in one turn of the event loop become one message. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#options.timers.soon(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    for (const upstream of this.#dirty) this.#judge(upstream);
    this.#dirty.clear();
    if (!this.#changed) return;
    this.#changed = false;
    this.#options.onChange({ unhealthy: this.unhealthy(), ignored: this.ignored() });
  }

  #judge(upstream: CheckedUpstream): void {
    const verdict = verdictOf(upstream);
    if (verdict.ignored !== upstream.ignored) {
      sayIgnored(this.#options.log, upstream, verdict.ignored);
      upstream.ignored = verdict.ignored;
      this.#changed = true;
    }
    const same = verdict.out.length === upstream.out.length && verdict.out.every((id, at) => id === upstream.out[at]);
    if (same) return;
    upstream.out = verdict.out;
    this.#changed = true;
  }
}

function namespaceOf(id: UpstreamId): string {
  return id.slice(0, id.indexOf('/'));
}
