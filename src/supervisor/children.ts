import type { ChildProcess, SendHandle } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/error-text.ts';
import type { Logger } from '../lib/logger.ts';
import { Restarts } from './restarts.ts';
import type { ProcessTimes, WatchLimits } from './watchdog.ts';
import { judgeSilence, readProcessTimes } from './watchdog.ts';

/** The links between the processes: two file names. */
export const programs: { readonly worker: string; readonly control: string } = {
  worker: fileURLToPath(new URL('../proxy/worker.ts', import.meta.url)),
  control: fileURLToPath(new URL('../control/control.ts', import.meta.url)),
};

/** Node flags of every child (threats section 7.2). */
export const securityFlags: readonly string[] = [
  // SIGUSR1 would open the inspector, which runs any program for who connects to it.
  '--disable-sigusr1',
  '--disallow-code-generation-from-strings',
  '--disable-proto=delete',
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
  '--unhandled-rejections=strict',
  // Reports and heap dumps would hold private keys.
  '--report-on-fatalerror=false',
  '--heapsnapshot-near-heap-limit=0',
  '--tls-min-v1.2',
  // util._extend of http-proxy: known, harmless, and one line per process on the terminal.
  '--disable-warning=DEP0060',
];

/**
 * Requests live for milliseconds: with room for some MiB of them nearly all are dead when the young generation is
 * collected, and nothing is copied. The upper bound keeps V8 from taking hundreds of megabytes under load. In MiB.
 */
const workerFlags: readonly string[] = ['--min-semi-space-size=16', '--max-semi-space-size=16'];

/** Variables that let a data worker keep time, write text and find libraries; it needs nothing else. */
const workerVariables = /^(TZ|LANG|LC_\w+|PATH|LD_\w+|FAKETIME\w*|NODE_V8_COVERAGE)$/;
/** Variables that change how Node runs, trusts or leaks: TLS keys to a file, more trusted CAs, no TLS checks, flags. */
const dangerousVariables = /^(NODE_(?!V8_COVERAGE$)\w*|SSLKEYLOGFILE|OPENSSL_CONF|OPENSSL_MODULES)$/;

/** Environment of a child: of ours, only what its kind may see. */
export function childEnvironment(kind: keyof typeof programs, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const keeps = kind === 'worker' ? (name: string) => workerVariables.test(name) : () => true;
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => keeps(name) && !dangerousVariables.test(name)),
  );
}

/** Why a child is gone; becomes a label of a metric. */
export type DeathReason = 'hung' | 'killed' | 'crashed' | 'exited' | 'not-started' | 'out-of-step' | 'gave-up';

export interface KeptChildOptions<To, From> {
  /** For the log: `worker-0`. */
  readonly name: string;
  readonly kind: keyof typeof programs;
  readonly file: string;
  readonly limits: WatchLimits;
  readonly log: Logger;
  readonly clock: Clock;
  /** A new process is there and waits for its first messages. */
  readonly onBirth: (child: KeptChild<To, From>) => void;
  readonly onMessage: (message: From) => void;
  readonly onDeath: (reason: DeathReason) => void;
  /** The process may hang: earlier than it is said, and long before it is killed. */
  readonly onSilence?: () => void;
  readonly onSilenceOver?: () => void;
}

const watchEveryMs = 250;
/** Four heartbeats of a data worker that did not come, and a bit. */
const suspectAfterMs = 500;
/** Without an answer for this long, CPU time is counted. */
const countCpuAfterMs = 500;

/**
 * One child that is kept alive: forked, watched by its heartbeats, and replaced when it dies or hangs, with a pause that
 * grows. Every message counts as a heartbeat.
 */
export class KeptChild<To, From> {
  readonly #options: KeptChildOptions<To, From>;
  readonly #restarts = new Restarts();
  #process: ChildProcess | undefined;
  #state: 'running' | 'released' = 'running';
  #bornAt = 0;
  #heardAt = 0;
  #watchedAt = 0;
  #spoke = false;
  #warned = false;
  #suspected = false;
  /** CPU time of the process when its silence began. */
  #cpuBefore: number | undefined;
  #killedFor: DeathReason | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  /** How often the process has been replaced. */
  restarts = 0;

  constructor(options: KeptChildOptions<To, From>) {
    this.#options = options;
  }

  start(): void {
    this.#watchTimer = setInterval(() => this.#watch(), watchEveryMs);
    this.#start();
  }

  get name(): string {
    return this.#options.name;
  }

  /** 0 while it is being replaced, and at the end. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** A process that dies now has a successor. */
  get willReturn(): boolean {
    return this.#state === 'running';
  }

  get crashLooping(): boolean {
    return this.#restarts.crashLooping;
  }

  /** Messages to a process that is gone are lost; its successor gets all it needs at birth. */
  send(message: To, handle?: SendHandle): void {
    const child = this.#process;
    if (child === undefined || !child.connected) return;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- To is plain data, proven in test/plain.types.ts
    const plain = message as object;
    child.send(plain, handle, {}, () => {
      // An error here means that the process is going; its exit follows.
    });
  }

  /** Kills the process, so that a new one takes its place. */
  replace(reason: DeathReason): void {
    this.#killedFor = reason;
    this.#process?.kill('SIGKILL');
  }

  /** From now on a death is the end, and silence is no reason to kill. The process itself goes on. */
  release(): void {
    this.#state = 'released';
    clearTimeout(this.#restartTimer);
    clearInterval(this.#watchTimer);
  }

  /** Closes the channel, which asks the process to end, and kills it when it has not within `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.release();
    const child = this.#process;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (withinMs <= 0) child.kill('SIGKILL');
    else if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(0, withinMs));
    await gone;
    clearTimeout(timer);
  }

  #start(): void {
    const { clock, log, name, onBirth } = this.#options;
    this.#bornAt = this.#heardAt = this.#watchedAt = clock.now();
    [this.#spoke, this.#warned, this.#cpuBefore, this.#killedFor] = [false, false, undefined, undefined];
    this.#suspected = false;
    const child = this.#fork();
    this.#process = child;
    // Without memory, processes or file descriptors there is none; the next try may find some (faults F-70).
    if (child?.pid === undefined) return this.#died(child, 'not-started');
    child.on('message', (message) => this.#heard(child, message));
    child.once('exit', (code, signal) => this.#died(child, this.#killedFor ?? reasonOf(code, signal)));
    log.info({ event: 'child-started', child: name, childPid: child.pid }, `${name} started`);
    onBirth(this);
  }

  #fork(): ChildProcess | undefined {
    const { file, kind, log, name } = this.#options;
    const failed = (error: unknown): void =>
      log.error({ event: 'child-error', child: name, error: messageOf(error) }, `${name} cannot be started or reached`);
    try {
      const child = fork(file, [], {
        serialization: 'advanced',
        execArgv: [...securityFlags, ...(kind === 'worker' ? workerFlags : [])],
        env: childEnvironment(kind, process.env),
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        // A session of its own: Ctrl-C on the terminal reaches the supervisor alone, which ends the children in order.
        detached: true,
      });
      child.on('error', failed);
      return child;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  #heard(child: ChildProcess, message: unknown): void {
    if (child !== this.#process) return;
    this.#heardAt = this.#options.clock.now();
    this.#spoke = true;
    if (this.#suspected) {
      this.#suspected = false;
      this.#options.onSilenceOver?.();
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own program compiled against the same messages.ts
    this.#options.onMessage(message as From);
  }

  #died(child: ChildProcess | undefined, reason: DeathReason): void {
    if (child !== this.#process) return;
    this.#process = undefined;
    const { clock, log, name, onDeath } = this.#options;
    if (this.#state !== 'running') {
      log.debug({ event: 'child-ended', child: name }, `${name} ended`);
      return onDeath(reason);
    }
    const looped = this.#restarts.crashLooping;
    const delayMs = this.#restarts.died(clock.now(), clock.now() - this.#bornAt);
    const fields = { event: 'child-died', child: name, childPid: child?.pid ?? 0, reason, restartInMs: delayMs };
    log.error(
      fields,
      `${name} ${describeDeath[reason]}; ${delayMs === 0 ? 'a new one starts now' : `a new one starts in ${delayMs} ms`}`,
    );
    if (this.#restarts.crashLooping && !looped) {
      const told = { event: 'crash-loop', child: name, reason };
      log.error(
        told,
        `${name} dies again and again (${describeDeath[reason]}); the pause before each start grows to 30 s`,
      );
    }
    this.restarts += 1;
    this.#restartTimer = setTimeout(() => this.#start(), delayMs);
    onDeath(reason);
  }

  #watch(): void {
    const { clock, limits, log, name, onSilence } = this.#options;
    const now = clock.now();
    const stoodStill = now - this.#watchedAt > 4 * watchEveryMs;
    this.#watchedAt = now;
    if (this.#process === undefined) return;
    // The supervisor was stopped or starved itself; what the children said meanwhile waits in the channel.
    if (stoodStill) this.#heardAt = now;
    if (this.#restarts.lives(now - this.#bornAt))
      log.info({ event: 'crash-loop-over', child: name }, `${name} lives again`);
    const silentMs = now - this.#heardAt;
    if (silentMs > suspectAfterMs && !this.#suspected) {
      this.#suspected = true;
      onSilence?.();
    }
    const verdict = judgeSilence(silentMs, this.#timesSinceSilence(silentMs), this.#limitsNow(limits));
    if (verdict === 'fine') {
      this.#warned = false;
      return;
    }
    if (verdict === 'stuck') return this.replace('hung');
    if (this.#warned) return;
    this.#warned = true;
    log.warn(
      { event: 'child-silent', child: name, childPid: this.pid, silentMs },
      `${name} has been silent for ${Math.round(silentMs)} ms`,
    );
  }

  #limitsNow(limits: WatchLimits): WatchLimits {
    return this.#spoke ? limits : { ...limits, warnMs: limits.startMs, killMs: limits.startMs };
  }

  #timesSinceSilence(silentMs: number): ProcessTimes | undefined {
    if (silentMs < countCpuAfterMs) {
      this.#cpuBefore = undefined;
      return undefined;
    }
    const times = readProcessTimes(this.pid);
    if (times === undefined) return undefined;
    this.#cpuBefore ??= times.cpuMs;
    return { ...times, cpuMs: times.cpuMs - this.#cpuBefore };
  }
}

const describeDeath: Readonly<Record<DeathReason, string>> = {
  hung: 'was silent for too long and was killed',
  killed: 'was killed from outside, or by the kernel for its memory',
  crashed: 'crashed',
  exited: 'ended by itself',
  'not-started': 'could not be started',
  'gave-up': 'cannot go on',
  'out-of-step': 'sent an update that does not follow the last one and was killed',
};

function reasonOf(code: number | null, signal: NodeJS.Signals | null): DeathReason {
  if (signal === null) return code === 0 ? 'exited' : 'crashed';
  return signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT' ? 'killed' : 'crashed';
}
