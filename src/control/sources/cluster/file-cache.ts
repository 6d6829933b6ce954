import { readFile } from 'node:fs/promises';

import type { Clock } from '../../../lib/clock.ts';

interface CachedFile {
  bytes: Buffer | undefined;
  /** When it must be read again, on the monotonic clock. */
  staleAt: number;
  reading: Promise<Buffer> | undefined;
}

const maximumAgeMs = 60_000;
const failedAgainMs = 5_000;

/**
 * Contents of small files that are replaced while we run: token, certificate authority, client certificate. Each is
 * read at most once a minute, and at once after `expire`. A file that cannot be read (EMFILE, a replacement half done)
 * keeps its last content: a token that worked a minute ago is better than none.
 */
export class FileCache {
  readonly #clock: Clock;
  readonly #read: (path: string) => Promise<Buffer>;
  readonly #files: Map<string, CachedFile> = new Map();

  constructor(clock: Clock, read: (path: string) => Promise<Buffer> = (path) => readFile(path)) {
    this.#clock = clock;
    this.#read = read;
  }

  /** @throws the file system's error, only when the file has never been read */
  async read(path: string): Promise<Buffer> {
    const file = this.#fileOf(path);
    if (file.bytes !== undefined && this.#clock.now() < file.staleAt) return file.bytes;
    file.reading ??= this.#refresh(path, file);
    return file.reading;
  }

  /** The next read of every file goes to the disk: the server refused what we have. */
  expire(): void {
    for (const file of this.#files.values()) file.staleAt = 0;
  }

  #fileOf(path: string): CachedFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const file: CachedFile = { bytes: undefined, staleAt: 0, reading: undefined };
    this.#files.set(path, file);
    return file;
  }

  async #refresh(path: string, file: CachedFile): Promise<Buffer> {
    try {
      const bytes = await this.#read(path);
      file.staleAt = this.#clock.now() + maximumAgeMs;
      // The same content keeps its identity: whoever holds it sees that nothing changed.
      if (file.bytes === undefined || !bytes.equals(file.bytes)) file.bytes = bytes;
      return file.bytes;
    } catch (error) {
      if (file.bytes === undefined) throw error;
      file.staleAt = this.#clock.now() + failedAgainMs;
      return file.bytes;
    } finally {
      file.reading = undefined;
    }
  }
}
