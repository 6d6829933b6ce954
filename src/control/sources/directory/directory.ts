import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';

import { codeOf, messageOf } from '../../../lib/error-text.ts';
import { OperatorError } from '../../../lib/operator-error.ts';
import type { Kind } from '../../../model/object-ref.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import type { ObjectSink } from '../../objects/object-store.ts';
import type { ObjectSource } from '../source.ts';
import { fileDiagnostic } from './folder-codes.ts';
import { FolderWatch } from './folder-watch.ts';
import { KnownFiles } from './known-files.ts';
import { mergeFiles, noObjects } from './merge-files.ts';
import type { MergedFiles, ObjectsByKind } from './merge-files.ts';
import { scanFolder } from './scan.ts';
import type { Scan, ScanLimits } from './scan.ts';
import type { Watched } from './watched.ts';

/** How long the source waits. Milliseconds. */
export interface DirectoryTimes {
  /** Silence after which a change counts as complete. */
  readonly quietMs: number;
  /** Longest wait while changes go on and on. */
  readonly longestMs: number;
  /** Between two looks at the folder when no change was heard of: the safety net. */
  readonly rescanMs: number;
  /** The same while something is known to be missed: a folder without watcher, or a file that was just emptied. */
  readonly alertMs: number;
  /** How long a file must stay empty before it counts as empty: editors and shells empty a file before they write it. */
  readonly emptyMs: number;
}

export interface DirectoryOptions {
  /** The folder, as the operator wrote it. */
  readonly directory: string;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** Which objects count; all of them if absent. */
  readonly watched?: Watched;
  readonly times?: DirectoryTimes;
  readonly limits?: FolderLimits;
}

export interface FolderLimits extends ScanLimits {
  /** Folders that are watched one by one; the rescan finds the changes of the others. */
  readonly watchers: number;
}

const usualTimes: DirectoryTimes = { quietMs: 50, longestMs: 500, rescanMs: 10_000, alertMs: 1000, emptyMs: 800 };
const usualLimits: FolderLimits = { files: 10_000, depth: 10, watchers: 2000 };
/** Origin of diagnostics about folders: no manifest has this name. */
const folderOrigin = '';

/**
 * Objects from a folder of YAML and JSON files, which it follows. A file that cannot be read leaves standing what it said
 * before, and so does a folder that is gone for a while.
 */
export class DirectorySource implements ObjectSource {
  readonly name = 'directory';
  readonly #root: string;
  readonly #times: DirectoryTimes;
  readonly #limits: FolderLimits;
  readonly #watched: Watched | undefined;
  readonly #known: KnownFiles;
  readonly #watch: FolderWatch;
  /** What the sink got last. */
  #delivered: ObjectsByKind = noObjects();
  #reported = new Set<string>();
  #isComplete = false;

  constructor(options: DirectoryOptions) {
    this.#root = resolve(options.directory);
    this.#times = options.times ?? usualTimes;
    this.#limits = options.limits ?? usualLimits;
    this.#watched = options.watched;
    this.#watch = new FolderWatch(this.#limits.watchers);
    this.#known = new KnownFiles(options.wall, this.#times.emptyMs);
  }

  waitingFor(): readonly string[] {
    return this.#isComplete ? [] : [`the first reading of the folder ${this.#root}`];
  }

  async run(sink: ObjectSink, signal: AbortSignal): Promise<void> {
    await this.#mustExist();
    try {
      while (!signal.aborted) {
        const isUndisturbed = await this.#look(sink, signal);
        const { rescanMs, alertMs, ...times } = this.#times;
        await this.#watch.settled({ ...times, idleMs: isUndisturbed ? rescanMs : alertMs }, signal);
      }
    } finally {
      this.#watch.close();
    }
  }

  async #mustExist(): Promise<void> {
    try {
      await readdir(this.#root);
    } catch (cause) {
      throw new OperatorError({
        code: 'source-unavailable',
        what: `the folder of manifests ${this.#root} cannot be read`,
        why: whyUnreadable(cause),
        fix: 'Name a folder with YAML files with --manifests, or leave the flag out to read from an API server.',
        cause,
      });
    }
  }

  /** One look at the folder. @returns whether every change from now on will be heard of */
  async #look(sink: ObjectSink, signal: AbortSignal): Promise<boolean> {
    const scan = await this.#scan(sink);
    if (scan === undefined) return false;
    const files = await this.#known.update(scan, signal);
    if (signal.aborted) return false;
    const merged = mergeFiles(files, this.#watched);
    this.#deliver(sink, merged.objects);
    this.#report(sink, scan, merged);
    if (!this.#isComplete) {
      this.#isComplete = true;
      sink.synced();
    }
    return this.#watch.isComplete && !this.#known.isWaiting;
  }

  /** @returns undefined while the folder itself is gone, which leaves everything as it is */
  async #scan(sink: ObjectSink): Promise<Scan | undefined> {
    try {
      let scan = await scanFolder(this.#root, this.#limits);
      // Between the scan and a new watcher something may have changed. New folders come to an end, or the rescan helps.
      for (let tries = 0; this.#watch.follow(scan.folders) && tries < 3; tries += 1) {
        scan = await scanFolder(this.#root, this.#limits);
      }
      return scan;
    } catch (error) {
      sink.report(folderOrigin, [
        fileDiagnostic(this.#root, {
          code: 'folder-unreadable',
          what: 'the folder of manifests is not read, what it said before goes on to count',
          why: whyUnreadable(error),
          fix: 'Put the folder back, or restart Fairway with another one.',
        }),
      ]);
      return undefined;
    }
  }

  /** One `replace` for each kind that differs; for every kind at first. */
  #deliver(sink: ObjectSink, objects: ObjectsByKind): void {
    this.#replace(sink, 'IngressClass', objects.IngressClass);
    this.#replace(sink, 'Namespace', objects.Namespace);
    this.#replace(sink, 'ConfigMap', objects.ConfigMap);
    this.#replace(sink, 'Secret', objects.Secret);
    this.#replace(sink, 'Pod', objects.Pod);
    this.#replace(sink, 'Endpoints', objects.Endpoints);
    this.#replace(sink, 'EndpointSlice', objects.EndpointSlice);
    this.#replace(sink, 'Service', objects.Service);
    // Last: what an Ingress names is there before it.
    this.#replace(sink, 'Ingress', objects.Ingress);
    this.#delivered = objects;
  }

  #replace<K extends Kind>(sink: ObjectSink, kind: K, now: readonly ObjectOf<K>[]): void {
    const before: readonly unknown[] = this.#delivered[kind];
    const isSame = before.length === now.length && now.every((object, at) => object === before[at]);
    if (!isSame || !this.#isComplete) sink.replace(kind, now);
  }

  #report(sink: ObjectSink, scan: Scan, merged: MergedFiles): void {
    sink.report(folderOrigin, scan.diagnostics);
    for (const [file, diagnostics] of merged.diagnostics) sink.report(file, diagnostics);
    for (const file of this.#reported) if (!merged.diagnostics.has(file)) sink.report(file, []);
    this.#reported = new Set(merged.diagnostics.keys());
  }
}

function whyUnreadable(error: unknown): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    ENOTDIR: 'it is a file, not a folder',
    EACCES: 'the user that Fairway runs as may not list it',
    ELOOP: 'its symbolic links lead in a circle',
  };
  return reasons[codeOf(error)] ?? messageOf(error);
}
