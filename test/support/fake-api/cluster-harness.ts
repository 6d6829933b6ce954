import { ClusterSource } from '../../../src/control/sources/cluster/cluster.ts';
import type { ReflectorTimings } from '../../../src/control/sources/cluster/reflector-options.ts';
import { createLogger } from '../../../src/lib/logger.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { settingsTable } from '../../../src/settings/table.ts';
import type { Counters } from '../../../src/telemetry/counters.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';
import { LogLines } from '../log-lines.ts';
import type { FakeApi } from './fake-api.ts';
import { clientOf, shortTimings } from './reflector-harness.ts';

/** Settings as they are when nobody sets any, and what a test sets. */
export function settingsWith(changes: Partial<Settings> = {}): Settings {
  const fallbacks = Object.entries(settingsTable).map(([name, definition]) => [name, definition.fallback]);
  return { ...(Object.fromEntries(fallbacks) as Settings), ...changes };
}

export interface ClusterHarness {
  readonly source: ClusterSource;
  readonly log: LogLines;
  readonly counters: Counters;
}

/** The cluster source against a fake API server, in some ten milliseconds. */
export function clusterSource(
  api: FakeApi,
  settings: Partial<Settings> = {},
  timings: Partial<ReflectorTimings> = {},
): ClusterHarness {
  const log = new LogLines();
  const counters = createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] });
  const source = new ClusterSource({
    settings: settingsWith(settings),
    connect: () => clientOf(api),
    counters,
    log: createLogger({ process: 'test', level: 'debug', destination: log }),
    timings: { ...shortTimings, ...timings },
    startsPerSecond: 1_000,
    startsBurst: 1_000,
  });
  return { source, log, counters };
}
