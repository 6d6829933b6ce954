import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { Answers } from '../../../../src/control/admin/answers.ts';
import type { AdminPage, PageContext } from '../../../../src/control/admin/page.ts';
import { textAnswer } from '../../../../src/control/admin/page.ts';
import { startedAt, viewOf, wellFixture } from '../../../support/admin-view.ts';

const clock = { now: () => 0, wall: () => startedAt };
const context: PageContext = {
  view: viewOf(wellFixture()),
  clock,
  query: new URLSearchParams(),
  pages: [],
  metricsText: () => Promise.resolve([]),
};

function pageOf(more: Partial<AdminPage>): AdminPage {
  return { path: '/page', doc: 'A page.', render: () => textAnswer(200, 'ok'), ...more };
}

suite('answers', () => {
  test('of an expensive page are made one in a turn of the event loop', async () => {
    let turn = 0;
    const count = (): void => {
      turn += 1;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    const turns: number[] = [];
    const render = (): ReturnType<AdminPage['render']> => {
      turns.push(turn);
      return textAnswer(200, 'ok');
    };
    const answers = new Answers([pageOf({ inTurn: true, render })], clock);
    await Promise.all(Array.from({ length: 10 }, () => answers.answer('GET', '/page', context)));
    clearImmediate(timer);
    assert.equal(turns.length, 10);
    assert.equal(new Set(turns).size, 10);
  });

  test('that failed are not shared with those who ask later', async () => {
    let made = 0;
    const render = (): Promise<never> => {
      made += 1;
      return Promise.reject(new Error('a bug'));
    };
    const answers = new Answers([pageOf({ shareMs: 1_000, render })], clock);
    await assert.rejects(answers.answer('GET', '/page', context));
    await assert.rejects(answers.answer('GET', '/page', context));
    assert.equal(made, 2);
  });
});
