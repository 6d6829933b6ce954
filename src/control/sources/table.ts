import type { Clock } from '../../lib/clock.ts';
import type { Settings } from '../../settings/settings.ts';
import { DirectorySource } from './directory/directory.ts';
import type { ObjectSource } from './source.ts';

/** What sources are made with. */
export interface SourceTools {
  readonly settings: Settings;
  readonly clock: Clock;
}

export type SourceFactory = (tools: SourceTools) => ObjectSource;

/** Every source of objects. */
export const sources: Readonly<Record<'directory', SourceFactory> & Partial<Record<'cluster', SourceFactory>>> = {
  directory: ({ settings, clock }) => new DirectorySource({ directory: settings.manifests, wall: clock.wall }),
};

/** `--manifests` asks for the folder; without it objects come from an API server. */
export function sourceName(settings: Pick<Settings, 'manifests'>): ObjectSource['name'] {
  return settings.manifests === '' ? 'cluster' : 'directory';
}
