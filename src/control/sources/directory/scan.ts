import type { BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

import { codeOf } from '../../../lib/error-text.ts';
import type { Diagnostic } from '../../../model/diagnostic.ts';
import { fileDiagnostic } from './folder-codes.ts';

/** A manifest that the scan found. */
export interface FoundFile {
  /** Inside the folder, with slashes; the order of names decides between duplicates. */
  readonly path: string;
  readonly absolute: string;
  /** Differs when the file does, as far as the file system can tell. */
  readonly signature: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** What is in the folder of manifests. */
export interface Scan {
  /** In order of their paths. */
  readonly files: readonly FoundFile[];
  /** Absolute paths of folders whose changes matter, each with its identity. */
  readonly folders: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
  /** Paths inside the folder, of folders that cannot be listed: what was read from there before goes on to count. */
  readonly unreadable: readonly string[];
}

export interface ScanLimits {
  readonly files: number;
  readonly depth: number;
}

const endings: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

/**
 * Finds all manifests below a folder. Names that begin with a dot are passed over: editors and the kubelet keep their own
 * things there. Symbolic links are followed inside the folder only, and no place is visited twice.
 * @throws the error of the file system when the folder itself cannot be listed
 */
export async function scanFolder(root: string, limits: ScanLimits): Promise<Scan> {
  const walk = new Walk(await realpath(root), limits);
  await walk.folder(root, '', 0);
  return walk.result();
}

class Walk {
  readonly #root: string;
  readonly #limits: ScanLimits;
  readonly #files: FoundFile[] = [];
  readonly #folders = new Map<string, string>();
  readonly #visited = new Set<string>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #unreadable: string[] = [];
  #full = false;

  constructor(root: string, limits: ScanLimits) {
    this.#root = root;
    this.#limits = limits;
  }

  async folder(absolute: string, path: string, depth: number): Promise<void> {
    const { real, identity } = await this.#identify(absolute);
    if (this.#visited.has(real)) return;
    this.#visited.add(real);
    this.#folders.set(real, identity);
    const entries = await readdir(absolute, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith('.') || this.#full) continue;
      const inner = path === '' ? entry.name : `${path}/${entry.name}`;
      await this.#entry(join(absolute, entry.name), inner, { depth, link: entry.isSymbolicLink() });
    }
  }

  result(): Scan {
    // Whole paths, not entry by entry: `a-b.yaml` comes before `a/x.yaml`, as in a sorted list of files.
    this.#files.sort((a, b) => (a.path < b.path ? -1 : 1));
    return {
      files: this.#files,
      folders: this.#folders,
      diagnostics: this.#diagnostics,
      unreadable: this.#unreadable,
    };
  }

  async #entry(absolute: string, path: string, about: { depth: number; link: boolean }): Promise<void> {
    try {
      if (about.link && !(await this.#staysInside(absolute, path))) return;
      const found = await stat(absolute, { bigint: true });
      if (found.isDirectory()) await this.#inner(absolute, path, about.depth + 1);
      else if (found.isFile() && endings.has(extname(path).toLowerCase())) await this.#file(absolute, path, found);
    } catch (error) {
      // Gone between listing and looking: the next scan knows.
      if (codeOf(error) === 'ENOENT') return;
      this.#unreadable.push(path);
      this.#report(path, 'folder-unreadable', `it cannot be opened (${codeOf(error)})`, 'Let Fairway read it.');
    }
  }

  async #inner(absolute: string, path: string, depth: number): Promise<void> {
    if (depth <= this.#limits.depth) {
      await this.folder(absolute, path, depth);
      return;
    }
    this.#report(path, 'folder-limit', `it is more than ${this.#limits.depth} folders deep`, 'Move it further up.');
  }

  async #file(absolute: string, path: string, found: BigIntStats): Promise<void> {
    const real = await realpath(absolute);
    if (this.#visited.has(real)) return;
    this.#visited.add(real);
    if (this.#files.length >= this.#limits.files) {
      this.#full = true;
      const why = `there are more than ${this.#limits.files} manifests`;
      this.#report(
        path,
        'folder-limit',
        `${why}, and this and all that follow are left out`,
        'Put several objects in one file.',
      );
      return;
    }
    // The target of a link may be changed in a hidden folder that is not scanned.
    const home = real.slice(0, real.lastIndexOf(sep));
    if (!this.#folders.has(home)) this.#folders.set(home, (await this.#identify(home)).identity);
    this.#files.push({
      path,
      absolute,
      signature: [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':'),
      sizeBytes: Number(found.size),
      modifiedMs: Number(found.mtimeMs),
    });
  }

  async #identify(absolute: string): Promise<{ real: string; identity: string }> {
    const real = await realpath(absolute);
    const found = await stat(real, { bigint: true });
    return { real, identity: `${found.dev}:${found.ino}` };
  }

  async #staysInside(absolute: string, path: string): Promise<boolean> {
    const real = await realpath(absolute).catch(() => undefined);
    if (real !== undefined && (real === this.#root || real.startsWith(`${this.#root}${sep}`))) return true;
    const why = real === undefined ? 'the link leads nowhere' : 'the link leads out of the folder of manifests';
    if (endings.has(extname(path).toLowerCase()) || real !== undefined) {
      this.#report(path, 'link-outside', why, 'Copy what it links to into the folder.');
    }
    return false;
  }

  #report(path: string, code: 'folder-unreadable' | 'folder-limit' | 'link-outside', why: string, fix: string): void {
    this.#diagnostics.push(fileDiagnostic(path, { code, what: `\`${path}\` is not read`, why, fix }));
  }
}
