import type { BoundListener, Phase, WorkerState } from '../../model/messages.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { Compilation } from '../compile/compilation.ts';
import type { EjectionView } from '../health/ejections.ts';
import type { HealthView } from '../health/health-state.ts';
import type { Leadership } from '../status/leadership.ts';

/** Last report of the supervisor: `ToControl` of kind `state`. */
export interface SupervisorState {
  readonly phase: Phase;
  readonly workers: readonly WorkerState[];
  readonly listeners: readonly BoundListener[];
  /** Worker processes that died or were replaced since the start, by reason. */
  readonly deaths: Readonly<Record<string, number>>;
  readonly supervisorRssBytes: number;
  readonly controlRestarts: number;
  readonly crashLooping: boolean;
}

/** All that the admin listener may see. Reading it changes nothing. */
export interface AdminView {
  readonly settings: Settings;
  /** Fairway's own version. */
  readonly version: string;
  /** When the control process started, milliseconds since 1970. */
  readonly startedAt: number;
  /** Absent before the first report. */
  state(): SupervisorState | undefined;
  /** What the first complete sync still waits for, in words; empty once it is there. */
  waitingFor(): readonly string[];
  /** The last one, also when a data worker refused it; absent before the first. */
  compilation(): Compilation | undefined;
  leadership(): Leadership;
  readonly health: HealthView;
  readonly ejections: EjectionView;
  /** Counters of the control process. */
  readonly counters: Counters;
  /** Sends `FromControl` of kind `collect`; each answer comes back through `Admin.collected`. */
  askWorkers(request: number): void;
}
