import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Counters } from '../../telemetry/counters.ts';
import { openClusterSource } from './cluster/cluster.ts';
import { DirectorySource } from './directory/directory.ts';
import { watchedObjects } from './directory/watched.ts';
import type { ObjectSource } from './source.ts';

/** What sources are made with. */
export interface SourceTools {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

export type SourceFactory = (tools: SourceTools) => ObjectSource;

/** Every source of objects. */
export const sources: Readonly<Record<ObjectSource['name'], SourceFactory>> = {
  cluster: openClusterSource,
  directory: ({ settings, clock }) =>
    new DirectorySource({ directory: settings.manifests, wall: clock.wall, watched: watchedObjects(settings) }),
};

/** `--manifests` asks for the folder; without it objects come from an API server. */
export function sourceName(settings: Pick<Settings, 'manifests'>): ObjectSource['name'] {
  return settings.manifests === '' ? 'cluster' : 'directory';
}
