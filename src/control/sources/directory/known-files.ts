import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { codeOf } from '../../../lib/error-text.ts';
import type { Diagnostic } from '../../../model/diagnostic.ts';
import type { ObjectRef } from '../../../model/object-ref.ts';
import type { KubeObject } from '../../objects/kinds.ts';
import { fileDiagnostic } from './folder-codes.ts';
import { readManifest } from './manifests.ts';
import type { Manifest } from './manifests.ts';
import type { FoundFile, Scan } from './scan.ts';

/** One file, as far as it could be read. */
export interface KnownFile {
  readonly path: string;
  /** Of the last version that could be read. The same objects as long as its content stays the same. */
  readonly objects: readonly KubeObject[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Remembered extends KnownFile {
  /** Empty when the file must be read again whatever it looks like. */
  readonly signature: string;
  readonly digest: string;
  /** Milliseconds since 1970 of the first look that found the file without objects, while its objects still count. */
  readonly emptySince?: number;
}

const fileLimitBytes = 8 * 1024 * 1024;
/** Two writes within this time may leave the same time stamp: file systems count in ticks of the kernel. */
const clockTickMs = 100;

/**
 * What is known of each file. A file is read only when it looks different, and what cannot be read leaves standing what
 * the file said before: a half-written or broken file changes nothing.
 */
export class KnownFiles {
  readonly #wall: () => number;
  readonly #emptyMs: number;
  #files = new Map<string, Remembered>();

  /** @param wall  milliseconds since 1970; @param emptyMs  how long a file must stay empty before it counts as empty */
  constructor(wall: () => number, emptyMs: number) {
    this.#wall = wall;
    this.#emptyMs = emptyMs;
  }

  /** Whether a file waits to be looked at again soon, though nothing may happen to it. */
  get isWaiting(): boolean {
    return [...this.#files.values()].some((file) => file.emptySince !== undefined);
  }

  /** @returns all files of the scan, and those below folders that could not be listed, in order of their paths */
  async update(scan: Scan, signal: AbortSignal): Promise<readonly KnownFile[]> {
    const next = new Map<string, Remembered>();
    for (const file of scan.files) {
      if (signal.aborted) break;
      next.set(file.path, await this.#look(file));
    }
    for (const [path, known] of this.#files) {
      const hidden = scan.unreadable.some((place) => path === place || path.startsWith(`${place}/`));
      if (hidden && !next.has(path)) next.set(path, known);
    }
    this.#files = next;
    return [...next.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async #look(file: FoundFile): Promise<Remembered> {
    const known = this.#files.get(file.path);
    if (known?.signature === file.signature) return known;
    if (file.sizeBytes > fileLimitBytes) return this.#tooLarge(file, known);
    const now = this.#wall();
    let bytes: Buffer;
    try {
      bytes = await readFile(file.absolute);
    } catch (error) {
      return this.#unreadable(file, known, codeOf(error));
    }
    // A file that was just written may be written again without looking different: then it is read once more next time.
    const signature = now - file.modifiedMs < clockTickMs ? '' : file.signature;
    const digest = createHash('sha256').update(bytes).digest('base64');
    if (known?.digest === digest && known.emptySince === undefined) return { ...known, signature };
    return remember(file.path, known, {
      signature,
      digest,
      manifest: manifestOf(file.path, bytes),
      now,
      emptyMs: this.#emptyMs,
    });
  }

  #tooLarge(file: FoundFile, known: Remembered | undefined): Remembered {
    return keepWith(file, known, {
      code: 'file-too-large',
      why: `it has ${file.sizeBytes} bytes, more than ${fileLimitBytes}`,
      fix: 'Split it into several files.',
    });
  }

  #unreadable(file: FoundFile, known: Remembered | undefined, code: string): Remembered {
    const kept = keepWith(file, known, {
      code: 'file-unreadable',
      why: `it cannot be opened${code === '' ? '' : ` (${code})`}`,
      fix: 'Let the user that Fairway runs as read the file.',
    });
    return { ...kept, signature: '' };
  }
}

function manifestOf(path: string, bytes: Buffer): Manifest {
  try {
    return readManifest(path, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return {
      kind: 'unreadable',
      diagnostic: fileDiagnostic(path, {
        code: 'file-unreadable',
        what: `\`${path}\` is not read, what it said before goes on to count`,
        why: 'it is not text in UTF-8',
        fix: 'Save it in UTF-8.',
      }),
    };
  }
}

function remember(
  path: string,
  known: Remembered | undefined,
  found: { signature: string; digest: string; manifest: Manifest; now: number; emptyMs: number },
): Remembered {
  const { signature, digest, manifest, now } = found;
  const before = known?.objects ?? [];
  if (manifest.kind === 'unreadable') {
    return { path, signature, digest, objects: before, diagnostics: [manifest.diagnostic] };
  }
  const isEmpty = manifest.objects.length === 0 && manifest.diagnostics.length === 0;
  const emptySince = known?.emptySince ?? now;
  if (isEmpty && known !== undefined && before.length > 0 && now - emptySince < found.emptyMs) {
    return { ...known, signature: '', digest, emptySince };
  }
  const objects = [...manifest.objects, ...survivors(before, manifest.objects, manifest.unreadable)];
  return { path, signature, digest, objects, diagnostics: manifest.diagnostics };
}

/** Objects of the previous version that stand for parts of this one that cannot be read. */
function survivors(
  before: readonly KubeObject[],
  now: readonly KubeObject[],
  unreadable: readonly (ObjectRef | 'somewhere')[],
): readonly KubeObject[] {
  if (unreadable.length === 0) return [];
  const present = new Set(now.map((object) => nameOf(object)));
  const broken = new Set(unreadable.map((ref) => (ref === 'somewhere' ? ref : nameOf(ref))));
  return before.filter((object) => {
    const name = nameOf(object);
    return !present.has(name) && (broken.has(name) || broken.has('somewhere'));
  });
}

/** Kind, namespace and name in one text; none of them can hold a slash. */
export function nameOf(object: ObjectRef | KubeObject): string {
  return `${object.kind}/${object.namespace}/${object.name}`;
}

function keepWith(
  file: FoundFile,
  known: Remembered | undefined,
  mistake: { readonly code: 'file-unreadable' | 'file-too-large'; readonly why: string; readonly fix: string },
): Remembered {
  const what = `\`${file.path}\` is not read, what it said before goes on to count`;
  return {
    path: file.path,
    signature: file.signature,
    digest: '',
    objects: known?.objects ?? [],
    diagnostics: [fileDiagnostic(file.path, { ...mistake, what })],
  };
}
