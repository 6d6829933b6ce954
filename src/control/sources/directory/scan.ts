import type { BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join, sep } from 'node:path';

import { codeOf } from '../../../lib/error-text.ts';
import type { Diagnostic } from '../../../model/diagnostic.ts';
import { fileDiagnostic } from './folder-codes.ts';

/** A manifest that the scan found. */
export interface FoundFile {
  /** Inside the folder, with slashes; the order of names decides between duplicates. */
  readonly path: string;
  /** Without links: what is read is what was looked at, even if a link leads somewhere else by then. */
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
/** Names of one folder that are looked at side by side. */
const sideBySide = 64;
const outsideFix = 'Copy what it links to into the folder.';

/**
 * Finds all manifests below a folder. Names that begin with a dot are passed over: editors and the kubelet keep their own
 * things there. Symbolic links are followed inside the folder only, and no place is visited twice.
 * @throws the error of the file system when the folder itself cannot be listed
 */
export async function scanFolder(root: string, limits: ScanLimits): Promise<Scan> {
  const real = await realpath(root);
  const walk = new Walk(real, limits);
  await walk.folder(real, '', 0);
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

  /** @param real  absolute path without links */
  async folder(real: string, path: string, depth: number): Promise<void> {
    if (this.#visited.has(real)) return;
    this.#visited.add(real);
    this.#folders.set(real, await identityOf(real));
    const entries = await readdir(real, { withFileTypes: true });
    const visible = entries.filter((entry) => !entry.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
    // Looking is asynchronous and goes side by side; what follows from it is decided one by one, in order of the names.
    for (let from = 0; from < visible.length && !this.#full; from += sideBySide) {
      const looks = visible.slice(from, from + sideBySide).map(async (entry) => {
        const inner = path === '' ? entry.name : `${path}/${entry.name}`;
        return { path: inner, look: await lookAt(join(real, entry.name), entry.isSymbolicLink()) };
      });
      for (const one of await Promise.all(looks)) await this.#entry(one.path, one.look, depth);
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

  async #entry(path: string, look: Look, depth: number): Promise<void> {
    const isManifest = endings.has(extname(path).toLowerCase());
    if (look.kind === 'gone' || this.#full) return;
    if (look.kind === 'dangling') {
      if (isManifest) this.#report(path, 'link-outside', 'the link leads nowhere', outsideFix);
      return;
    }
    if (look.kind === 'closed') {
      this.#closed(path, look.code);
      return;
    }
    if (look.real !== this.#root && !look.real.startsWith(`${this.#root}${sep}`)) {
      const why = 'the link leads out of the folder of manifests';
      if (isManifest || look.stats.isDirectory()) this.#report(path, 'link-outside', why, outsideFix);
      return;
    }
    if (look.stats.isDirectory()) await this.#inner(look.real, path, depth + 1);
    else if (look.stats.isFile() && isManifest) await this.#file(path, look);
  }

  async #inner(real: string, path: string, depth: number): Promise<void> {
    if (depth > this.#limits.depth) {
      this.#report(path, 'folder-limit', `it is more than ${this.#limits.depth} folders deep`, 'Move it further up.');
      return;
    }
    try {
      await this.folder(real, path, depth);
    } catch (error) {
      // Gone between looking and listing: the next scan knows.
      if (codeOf(error) !== 'ENOENT') this.#closed(path, codeOf(error));
    }
  }

  async #file(path: string, look: Found): Promise<void> {
    if (this.#visited.has(look.real)) return;
    this.#visited.add(look.real);
    if (this.#files.length >= this.#limits.files) {
      this.#full = true;
      const why = `there are more than ${this.#limits.files} manifests, and this and all that follow are left out`;
      this.#report(path, 'folder-limit', why, 'Put several objects in one file.');
      return;
    }
    // The target of a link may be changed in a hidden folder that is not scanned.
    const home = dirname(look.real);
    if (!this.#folders.has(home)) this.#folders.set(home, await identityOf(home).catch(() => ''));
    const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs } = look.stats;
    this.#files.push({
      path,
      absolute: look.real,
      signature: [dev, ino, size, mtimeNs, ctimeNs].join(':'),
      sizeBytes: Number(size),
      modifiedMs: Number(mtimeMs),
    });
  }

  #closed(path: string, code: string): void {
    this.#unreadable.push(path);
    this.#report(
      path,
      'folder-unreadable',
      `it cannot be opened (${code})`,
      'Let the user that Fairway runs as read it.',
    );
  }

  #report(path: string, code: 'folder-unreadable' | 'folder-limit' | 'link-outside', why: string, fix: string): void {
    this.#diagnostics.push(fileDiagnostic(path, { code, what: `\`${path}\` is not read`, why, fix }));
  }
}

/** What stands behind one name. */
type Look =
  | Found
  | { readonly kind: 'gone' }
  /** A link to nothing, or in a circle. */
  | { readonly kind: 'dangling' }
  | { readonly kind: 'closed'; readonly code: string };

interface Found {
  readonly kind: 'found';
  /** Absolute path without links. */
  readonly real: string;
  readonly stats: BigIntStats;
}

async function lookAt(absolute: string, isLink: boolean): Promise<Look> {
  try {
    const real = isLink ? await realpath(absolute) : absolute;
    return { kind: 'found', real, stats: await stat(real, { bigint: true }) };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ELOOP') return { kind: isLink ? 'dangling' : 'gone' };
    return { kind: 'closed', code };
  }
}

/** Tells a folder from another one that took its place. */
async function identityOf(folder: string): Promise<string> {
  const found = await stat(folder, { bigint: true });
  return `${found.dev}:${found.ino}`;
}
