import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { operatorCodes } from '../../../src/lib/operator-codes.ts';

test('every code of an OperatorError is documented, and nothing else', () => {
  const root = join(import.meta.dirname, '../../../src');
  const used = new Set<string>();
  for (const file of globSync('**/*.ts', { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const match of text.matchAll(/new OperatorError\(\{\s*code: '([^']+)'/g)) used.add(match[1] ?? '');
  }
  assert.deepEqual([...used].toSorted(), Object.keys(operatorCodes).toSorted());
});
