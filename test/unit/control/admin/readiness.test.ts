import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { unreadyReasons } from '../../../../src/control/admin/readiness.ts';
import type { SupervisorState } from '../../../../src/control/admin/view.ts';
import { viewOf, wellFixture, workerOf } from '../../../support/admin-view.ts';
import type { ViewFixture } from '../../../support/admin-view.ts';

function reasonsWith(change: Partial<ViewFixture>): readonly string[] {
  return unreadyReasons(viewOf({ ...wellFixture(), ...change }));
}

function reasonsOf(change: Partial<SupervisorState>, view: Partial<ViewFixture> = {}): readonly string[] {
  const fixture = wellFixture();
  assert.ok(fixture.state);
  return reasonsWith({ ...view, state: { ...fixture.state, ...change } });
}

suite('readiness', () => {
  test('is given when all is served', () => {
    assert.deepEqual(reasonsWith({}), []);
  });

  test('waits for the first complete sync and says for what', () => {
    const waitingFor = ['EndpointSlices are not listed yet'];
    assert.deepEqual(reasonsOf({ phase: 'starting' }, { waitingFor, compilation: undefined }), [
      'EndpointSlices are not listed yet',
      'routes are not compiled yet',
      'listeners are not bound yet',
    ]);
  });

  test('stays when a new control process takes over what is served', () => {
    assert.deepEqual(reasonsWith({ waitingFor: ['Secrets are not listed yet'], compilation: undefined }), []);
  });

  test('waits for the supervisor, the listeners and a worker with routes', () => {
    assert.deepEqual(reasonsWith({ state: undefined }), ['no report from the supervisor yet']);
    assert.deepEqual(reasonsOf({ phase: 'starting' }), ['listeners are not bound yet']);
    assert.deepEqual(reasonsOf({ workers: [{ ...workerOf(0, 101), appliedVersion: 0 }] }), [
      'no data worker has routes yet',
    ]);
  });

  test('ends when no worker is alive', () => {
    const workers = [workerOf(0, 0), workerOf(1, 0)];
    assert.deepEqual(reasonsOf({ workers }), ['no data worker is alive']);
    assert.deepEqual(reasonsOf({ workers, crashLooping: true }), [
      'data workers die as soon as they start: see the log',
    ]);
    assert.deepEqual(reasonsOf({ workers: [workerOf(0, 0), workerOf(1, 102)], crashLooping: true }), []);
  });

  test('ends at the first moment of a shutdown', () => {
    assert.match(reasonsOf({ phase: 'lameduck' }).join(), /^shutting down: still serving/);
    assert.match(reasonsOf({ phase: 'draining' }).join(), /^shutting down: finishing/);
  });
});
