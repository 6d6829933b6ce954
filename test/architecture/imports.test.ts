import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

import { leastFiles, packages, processRows, processStarters, pureFolders, sharedRow } from './layers.ts';

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

const root = join(import.meta.dirname, '../../src');
const files = globSync('**/*.ts', { cwd: root }).filter((file) => !file.includes('/web/'));
const imports = files.flatMap((file) => importsOf(file));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...found].map((match) => ({
    file,
    target: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined,
  }));
}

function resolved(one: Import): string {
  return normalize(join(dirname(one.file), one.target));
}

/** Place of a file in a row: the longest member that is the file or holds it. */
function groupIn(row: readonly (readonly string[])[], file: string): { at: number; member: string } | undefined {
  let best: { at: number; member: string } | undefined;
  row.forEach((members, at) => {
    for (const member of members) {
      const holds = file === member || file.startsWith(`${member}/`);
      if (holds && member.length > (best?.member.length ?? 0)) best = { at, member };
    }
  });
  return best;
}

function mayImport(file: string, target: string): boolean {
  if (dirname(file) === dirname(target) && file.split('/').length > 2) return true;
  const sharedTarget = groupIn(sharedRow, target);
  const sharedFile = groupIn(sharedRow, file);
  if (sharedFile !== undefined) {
    return sharedTarget !== undefined && (sharedTarget.member === sharedFile.member || sharedTarget.at < sharedFile.at);
  }
  if (sharedTarget !== undefined) return true;
  if (file === 'main.ts') return target.startsWith('supervisor/');
  return Object.values(processRows).some((row) => {
    const from = groupIn(row, file);
    const to = groupIn(row, target);
    return from !== undefined && to !== undefined && (from.member === to.member || to.at < from.at);
  });
}

test('there is code to look at', () => {
  assert.ok(files.length >= leastFiles, `only ${files.length} files under ${root}`);
  assert.ok(imports.length >= files.length, `only ${imports.length} imports found`);
});

test('every file has a place in the dependency rule', () => {
  const rows = [sharedRow, ...Object.values(processRows)];
  const lost = files.filter((file) => file !== 'main.ts' && rows.every((row) => groupIn(row, file) === undefined));
  assert.deepEqual(lost, []);
});

test('imports go left in their own row or to the shared row', () => {
  const wrong = imports
    .filter((one) => one.target.startsWith('.') && !mayImport(one.file, resolved(one)))
    .map((one) => `${one.file} imports ${resolved(one)}`);
  assert.deepEqual(wrong, []);
});

test('packages are imported where the design allows', () => {
  const wrong = imports
    .filter((one) => !one.target.startsWith('.') && !one.target.startsWith('node:'))
    .filter((one) => {
      const rule = packages[one.target];
      const places = one.typeOnly ? [...(rule?.type ?? []), ...(rule?.value ?? [])] : (rule?.value ?? []);
      return !places.some((place) => one.file === place || (place.endsWith('/') && one.file.startsWith(place)));
    })
    .map((one) => `${one.file} imports ${one.target}`);
  assert.deepEqual(wrong, []);
});

test('pure folders import no node: module', () => {
  const wrong = imports
    .filter((one) => one.target.startsWith('node:') && !one.typeOnly)
    .filter((one) => pureFolders.some((folder) => one.file.startsWith(`${folder}/`)))
    .map((one) => `${one.file} imports ${one.target}`);
  assert.deepEqual(wrong, []);
});

test('only the supervisor starts processes', () => {
  const starters = imports.filter((one) => /child_process|worker_threads|node:cluster|node:vm/.test(one.target));
  assert.deepEqual(
    starters.map((one) => one.file).filter((file) => !processStarters.includes(file)),
    [],
  );
});
