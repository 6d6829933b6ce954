import { FolderWatch } from '../src/control/sources/directory/folder-watch.ts';
import type { FoundFile, Scan } from '../src/control/sources/directory/scan.ts';
import { scanFolder } from '../src/control/sources/directory/scan.ts';

/** Manifests of a folder by their paths inside it. */
export type Files = ReadonlyMap<string, FoundFile>;

const limits = { files: 10_000, depth: 10, watchers: 2_000 };
const times = { quietMs: 50, longestMs: 500 };
/** Between two looks without a change; and while the folder is gone, when no watcher can say that it is back. */
const idleMs = 10_000;
const goneMs = 500;

/** All manifests of a folder and the folders in it, as the program finds them. @throws when it cannot be listed */
export async function filesIn(folder: string): Promise<Files> {
  return filesOf(await scanFolder(folder, limits));
}

/**
 * Calls `onLook` after each change, until `signal` aborts. While the folder is gone, nothing is called: what it held goes
 * on to count, as in the program.
 */
export async function followFolder(
  folder: string,
  signal: AbortSignal,
  onLook: (files: Files) => void | Promise<void>,
): Promise<void> {
  const watch = new FolderWatch(limits.watchers);
  try {
    while (!signal.aborted) {
      const scan = await look(folder, watch);
      if (scan !== undefined) await onLook(filesOf(scan));
      const isSure = scan !== undefined && watch.isComplete;
      await watch.settled({ ...times, idleMs: isSure ? idleMs : goneMs }, signal);
    }
  } finally {
    watch.close();
  }
}

async function look(folder: string, watch: FolderWatch): Promise<Scan | undefined> {
  try {
    const scan = await scanFolder(folder, limits);
    // Before a new watcher heard of it, something may have changed.
    return watch.follow(scan.folders) ? await scanFolder(folder, limits) : scan;
  } catch {
    return undefined;
  }
}

function filesOf({ files }: Scan): Files {
  return new Map(files.map((file) => [file.path, file]));
}
