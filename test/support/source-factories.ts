import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { resources } from '../../src/control/sources/cluster/resources.ts';
import { DirectorySource } from '../../src/control/sources/directory/directory.ts';
import type { ObjectSource } from '../../src/control/sources/source.ts';
import { clusterSource } from './fake-api/cluster-harness.ts';
import { FakeApi } from './fake-api/fake-api.ts';

/** Kubernetes object as a user writes it. */
export interface SourceManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string } & Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A source with the place it reads from, for the contract suite. */
export interface SourceFixture {
  readonly source: ObjectSource;
  /** Creates the object or replaces it. */
  apply(manifest: SourceManifest): Promise<void>;
  /** Deletes the object. */
  remove(manifest: SourceManifest): Promise<void>;
  /** Frees everything; the source has ended before. */
  close(): Promise<void>;
}

/** Every source that must keep the contract; `initial` is there before the source starts. */
export const sourceFactories: Readonly<Record<string, (initial: readonly SourceManifest[]) => Promise<SourceFixture>>> =
  {
    cluster: clusterFixture,
    directory: directoryFixture,
  };

async function clusterFixture(initial: readonly SourceManifest[]): Promise<SourceFixture> {
  const api = await new FakeApi().start();
  const collectionOf = ({ apiVersion, kind }: SourceManifest): string => {
    const { name } = Object.values(resources).find((one) => one.kind === kind && one.apiVersion === apiVersion) ?? {};
    const group = apiVersion.includes('/') ? `${apiVersion.split('/')[0]}/` : '';
    return `${group}${name}`;
  };
  const apply = (manifest: SourceManifest): void => void api.set(collectionOf(manifest), manifest);
  for (const manifest of initial) apply(manifest);
  return {
    source: clusterSource(api).source,
    apply: async (manifest) => apply(manifest),
    remove: async (manifest) => {
      api.delete(collectionOf(manifest), manifest.metadata.namespace ?? '', manifest.metadata.name);
    },
    close: () => api.stop(),
  };
}

async function directoryFixture(initial: readonly SourceManifest[]): Promise<SourceFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'fairway-source-'));
  const fileOf = (manifest: SourceManifest): string =>
    join(
      directory,
      `${manifest.kind}-${manifest.metadata.namespace ?? ''}-${manifest.metadata.name}.yaml`.toLowerCase(),
    );
  const fixture: SourceFixture = {
    source: new DirectorySource({ directory, wall: Date.now }),
    // JSON is YAML.
    apply: async (manifest) => {
      await writeFile(`${fileOf(manifest)}.tmp`, JSON.stringify(manifest, null, 2));
      await rename(`${fileOf(manifest)}.tmp`, fileOf(manifest));
    },
    remove: (manifest) => rm(fileOf(manifest)),
    close: () => rm(directory, { recursive: true, force: true }),
  };
  for (const manifest of initial) await fixture.apply(manifest);
  return fixture;
}
