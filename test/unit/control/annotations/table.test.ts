import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { formerNames } from '../../../../src/control/annotations/former-names.ts';
import { unsupportedAnnotations } from '../../../../src/control/annotations/groups/unsupported.ts';
import { annotationGroups, definitionsByKey, podAnnotations } from '../../../../src/control/annotations/table.ts';
import { diagnosticCodes } from '../../../../src/control/compile/diagnostic-codes.ts';

const known = readFileSync(join(import.meta.dirname, 'ingress-nginx-annotations.txt'), 'utf8')
  .trim()
  .split('\n');
const definitions = [...annotationGroups.flatMap((group) => group.definitions), ...podAnnotations];

test('every annotation of ingress-nginx is either acted on or explained, never both', () => {
  assert.equal(known.length, 138);
  const acted = [...definitionsByKey].filter(([, definition]) => definition.own !== true).map(([key]) => key);
  const ours = [...acted, ...unsupportedAnnotations.keys()].sort();
  assert.deepEqual(ours, known);
});

test("Fairway's own annotations have names that ingress-nginx does not", () => {
  for (const [key, { own }] of definitionsByKey) if (own === true) assert.ok(!known.includes(key), key);
});

test('every example parses, and every definition says what to write', () => {
  for (const { key, value, example, doc } of definitions) {
    assert.equal(value.parse(example).ok, true, `${key}: ${example}`);
    assert.ok(value.describe.length > 3 && doc.endsWith('.'), key);
  }
});

test('every unsupported annotation has a reason and a way out, and its parts name annotations that exist', () => {
  for (const [key, { why, fix, of, kind }] of unsupportedAnnotations) {
    assert.ok(why !== '' && !why.endsWith('.') && fix.endsWith('.'), key);
    assert.equal(kind === 'modifier', of !== undefined, key);
    for (const parent of of ?? []) assert.ok(known.includes(parent), `${key} belongs to ${parent}`);
  }
});

test('former names are no annotations of today', () => {
  for (const name of formerNames.keys()) assert.ok(!known.includes(name), name);
});

test('codes of diagnostics are words with dashes, and say what they mean', () => {
  for (const [code, { doc }] of Object.entries(diagnosticCodes)) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.match(doc, /^[A-Z].*\.$/, code);
  }
});
