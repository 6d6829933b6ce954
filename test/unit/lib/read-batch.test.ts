import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { addToBatch, batchBuffer } from '../../../src/lib/read-batch.ts';

const shared = Buffer.alloc(64 * 1024);

/** One small read, and what is told of it. */
function read(text: string, told: string[]): boolean {
  const length = shared.write(text, 'latin1');
  const at = addToBatch(
    { deliver: () => void told.push(batchBuffer.toString('latin1', at, at + length)) },
    shared,
    length,
  );
  return at >= 0;
}

test('small reads are told at the end of the turn, with the bytes that they had', async () => {
  const told: string[] = [];
  for (const text of ['one', 'two', 'three']) assert.equal(read(text, told), true);
  assert.deepEqual(told, []);
  await nextTurn();
  assert.deepEqual(told, ['one', 'two', 'three']);
  await nextTurn();
  assert.equal(told.length, 3);
});

test('what is large, or more than there is room for, does not wait', async () => {
  const told: string[] = [];
  assert.equal(read('x'.repeat(5000), told), false);
  let count = 0;
  while (read('x'.repeat(4096), told)) count += 1;
  assert.ok(count >= 32 && count <= 64, `${count}`);
  await nextTurn();
  assert.equal(told.length, count);
  assert.equal(read('again', told), true);
  await nextTurn();
  assert.equal(told.at(-1), 'again');
});

test('one that throws takes nothing from the others', async (t) => {
  const told: string[] = [];
  const thrown = new Promise<unknown>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  const bug = new Error('bug');
  addToBatch(
    {
      deliver: () => {
        throw bug;
      },
    },
    shared,
    1,
  );
  read('b', told);
  assert.equal(await thrown, bug);
  read('c', told);
  await nextTurn();
  assert.deepEqual(told, ['b', 'c']);
});
