import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { KnownFiles } from '../../../../../src/control/sources/directory/known-files.ts';
import type { Scan } from '../../../../../src/control/sources/directory/scan.ts';

const wall = 1_800_000_000_000;

/** A scan with one file that looks the same every time, whatever is in it. */
function scanOf(absolute: string, modifiedMs: number): Scan {
  const file = { path: 'a.yaml', absolute, signature: 'same', sizeBytes: 60, modifiedMs };
  return { files: [file], folders: new Map(), diagnostics: [], unreadable: [] };
}

test('a file that was written just now is read again, though it looks the same; an older one is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairway-known-'));
  const file = join(folder, 'a.yaml');
  for (const [ageMs, expected] of [
    [10, 'second'],
    [10_000, 'first'],
  ] as const) {
    const known = new KnownFiles(() => wall, 800);
    for (const name of ['first', 'second']) {
      await writeFile(file, `{apiVersion: v1, kind: Service, metadata: {name: ${name}}}`);
      const [found] = await known.update(scanOf(file, wall - ageMs), new AbortController().signal);
      if (name === 'second') assert.equal(found?.objects[0]?.name, expected);
    }
  }
  await rm(folder, { recursive: true });
});

test('a file that is read again with the same content keeps its objects', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairway-known-'));
  const file = join(folder, 'a.yaml');
  await writeFile(file, '{apiVersion: v1, kind: Service, metadata: {name: a}}');
  const known = new KnownFiles(() => wall, 800);
  const [first] = await known.update(scanOf(file, wall), new AbortController().signal);
  const [second] = await known.update(scanOf(file, wall), new AbortController().signal);
  assert.ok(first !== undefined);
  assert.equal(second?.objects, first.objects);
  await rm(folder, { recursive: true });
});
