import type { Server } from 'node:net';

import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { MetricSample } from '../../model/metric-sample.ts';
import type { AdminView } from './view.ts';

/** Handle of the admin listener as `process.on('message')` delivers it, or where to listen (tests). */
export type AdminListenTarget = Parameters<Server['listen']>[0];

/** Answer of one data worker to `askWorkers`: `ToControl` of kind `collected`. */
export interface CollectedSamples {
  readonly request: number;
  readonly index: number;
  readonly pid: number;
  readonly samples: readonly MetricSample[];
}

/** The admin listener: probes, metrics, admin page. */
export interface Admin {
  /** @returns the port */
  listen(target: AdminListenTarget): Promise<number>;
  /** Passes on what a data worker counted. */
  collected(samples: CollectedSamples): void;
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly view: AdminView;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}
