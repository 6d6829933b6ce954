import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

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
  inFlight: () => Promise.resolve({ of: () => 0 }),
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

  test('that are waited for hold up those behind them, and their failure does not', async () => {
    const made: string[] = [];
    const { promise, reject } = Promise.withResolvers<never>();
    const render = ({ query }: PageContext): ReturnType<AdminPage['render']> => {
      made.push(query.toString());
      return made.length === 1 ? promise : textAnswer(200, 'ok');
    };
    const answers = new Answers([pageOf({ inTurn: true, render })], clock);
    const ask = (query: string): ReturnType<Answers['answer']> =>
      answers.answer('GET', '/page', { ...context, query: new URLSearchParams(query) });
    const first = ask('first=');
    const second = ask('second=');
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    assert.deepEqual(made, ['first=']);
    reject(new Error('a bug'));
    await assert.rejects(first);
    assert.equal((await second).status, 200);
    assert.deepEqual(made, ['first=', 'second=']);
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
