import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { eventOf, reasonOf } from '../../../../src/control/status/event-object.ts';
import type { EventWriter } from '../../../../src/control/status/events.ts';
import { createEventWriter } from '../../../../src/control/status/events.ts';
import { createLogger } from '../../../../src/lib/logger.ts';
import type { Diagnostic } from '../../../../src/model/diagnostic.ts';
import { createCounters } from '../../../../src/telemetry/counters.ts';
import { FakeApi, sendStatus } from '../../../support/fake-api/fake-api.ts';
import type { FakeObject } from '../../../support/fake-api/fake-store.ts';
import { clientOf } from '../../../support/fake-api/reflector-harness.ts';
import { rightsOfFairway } from '../../../support/fake-api/rights.ts';
import { settled } from '../../../support/fake-api/settled.ts';
import { FakeLeadership } from '../../../support/fake-leadership.ts';
import { FakeTime, FakeTimers } from '../../../support/fake-time.ts';
import { LogLines } from '../../../support/log-lines.ts';
import { until } from '../../../support/until.ts';

const reporter = { controller: 'fairway.dev/ingress-controller', instance: 'pod-a' };
const uids = { get: () => ({ uid: 'uid-7' }) as never };

function diagnostic(name: string, changes: Partial<Diagnostic> = {}): Diagnostic {
  return {
    code: 'backend-not-found',
    severity: 'error',
    object: { kind: 'Ingress', namespace: 'shop', name },
    field: 'spec.rules[0]',
    what: 'the path /cart is not served',
    why: 'there is no Service cart',
    fix: 'Create the Service.',
    ...changes,
  };
}

interface Setup {
  readonly api: FakeApi;
  readonly leadership: FakeLeadership;
  readonly log: LogLines;
  readonly writer: EventWriter;
  readonly newWriter: () => EventWriter;
  readonly events: () => FakeObject[];
  /** Moves time on and lets every request come to its end. */
  readonly pass: (ms: number) => Promise<void>;
}

async function setup(t: TestContext, leading = true): Promise<Setup> {
  const api = await new FakeApi({ rights: rightsOfFairway('fairway', 'leader') }).start();
  const client = clientOf(api);
  const leadership = new FakeLeadership(leading);
  const time = new FakeTime();
  const timers = new FakeTimers(time);
  const log = new LogLines();
  const newWriter = (): EventWriter => {
    const writer = createEventWriter({
      client,
      elector: leadership,
      reporter,
      clock: time,
      timers,
      random: () => 0.5,
      log: createLogger({ process: 'test', level: 'debug', destination: log }),
      counters: createCounters({ timeBuckets: [1], lengthBuckets: [1], sizeBuckets: [1] }),
    });
    t.after(() => writer.stop());
    return writer;
  };
  t.after(async () => {
    client.close();
    await api.stop();
  });
  const pass = async (ms: number): Promise<void> => {
    time.jump(ms);
    timers.fire();
    await settled(api);
  };
  const events = (): FakeObject[] => api.store.list('events.k8s.io/events');
  return { api, leadership, log, writer: newWriter(), newWriter, events, pass };
}

function countOf(event: FakeObject | undefined): number {
  const series = event?.['series'] as { count: number } | undefined;
  return series?.count ?? 0;
}

test('an Event says reason, note and object, within the limits of the API', async (t) => {
  const { api, writer, events } = await setup(t);
  writer.update([diagnostic('a', { why: 'ä'.repeat(2_000) })], uids);
  await until(() => events()[0]);
  const [event] = events();
  assert.deepEqual(event?.['regarding'], {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    name: 'a',
    namespace: 'shop',
    uid: 'uid-7',
  });
  assert.equal(event?.['reason'], 'BackendNotFound');
  assert.equal(event?.['type'], 'Warning');
  assert.equal(event?.['action'], 'Configure');
  assert.equal(event?.['reportingController'], 'fairway.dev/ingress-controller');
  assert.equal(event?.['reportingInstance'], 'pod-a');
  assert.match(String(event?.['eventTime']), /\.\d{6}Z$/);
  assert.equal(event?.metadata.namespace, 'shop');
  const note = String(event?.['note']);
  assert.ok(Buffer.byteLength(note) <= 1024, `${Buffer.byteLength(note)} bytes`);
  assert.match(note, /^spec\.rules\[0\]: the path \/cart is not served: ä+…$/);
  assert.equal(event?.['series'], undefined);
  assert.deepEqual(api.forbidden, []);
});

test('objects of the cluster as a whole, of files, and without a known uid', () => {
  const none = { get: () => undefined };
  const ofClass = eventOf(
    diagnostic('c', { object: { kind: 'IngressClass', namespace: '', name: 'c' } }),
    none,
    reporter,
  );
  assert.equal(ofClass?.namespace, 'default');
  assert.deepEqual(ofClass?.body['regarding'], { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', name: 'c' });
  const ofFile = diagnostic('f', { object: { kind: 'File', namespace: '', name: 'a.yaml' } });
  assert.equal(eventOf(ofFile, none, reporter), undefined);
  assert.equal(eventOf(diagnostic('i', { severity: 'info' }), none, reporter)?.body['type'], 'Normal');
  assert.equal(reasonOf('host-conflict'), 'HostConflict');
});

test('what stays wrong is said once, and its one Event is kept alive', async (t) => {
  const { api, writer, events, pass } = await setup(t);
  for (let round = 0; round < 10; round += 1) {
    writer.update([diagnostic('a')], uids);
    await pass(60_000);
  }
  assert.equal(events().length, 1);
  assert.equal(api.requests.length, 1);
  for (let minute = 10; minute < 56; minute += 1) await pass(60_000);
  const [event] = events();
  assert.equal(events().length, 1);
  assert.equal(countOf(event), 2);
  assert.equal(api.requests.length, 2);
});

test('an Event that the server has forgotten is written again', async (t) => {
  const { api, writer, events, pass } = await setup(t);
  writer.update([diagnostic('a')], uids);
  await pass(0);
  const [event] = events();
  api.delete('events.k8s.io/events', 'shop', event?.metadata.name ?? '');
  for (let minute = 0; minute < 57; minute += 1) await pass(60_000);
  assert.equal(events().length, 1);
});

test('mended and wrong again counts in the same Event', async (t) => {
  const { writer, events, pass } = await setup(t);
  writer.update([diagnostic('a')], uids);
  await pass(1_000);
  writer.update([], uids);
  await pass(1_000);
  writer.update([diagnostic('a')], uids);
  await pass(1_000);
  assert.equal(events().length, 1);
  assert.equal(countOf(events()[0]), 2);
});

test('another leader finds the Event and does not repeat it', async (t) => {
  const { api, writer, newWriter, events, pass } = await setup(t);
  writer.update([diagnostic('a')], uids);
  await pass(0);
  const successor = newWriter();
  successor.update([diagnostic('a')], uids);
  await pass(1_000);
  await pass(1_000);
  assert.equal(events().length, 1);
  assert.equal(events()[0]?.['series'], undefined);
  assert.equal(api.requests.length, 2);
});

test('another mistake on the same object, or another object of the same name, is another Event', async (t) => {
  const { writer, events, pass } = await setup(t);
  writer.update([diagnostic('a'), diagnostic('a', { why: 'something else' })], uids);
  await pass(0);
  await pass(0);
  assert.equal(events().length, 2);
  writer.update([diagnostic('a')], { get: () => ({ uid: 'uid-8' }) as never });
  await pass(0);
  assert.equal(events().length, 3);
});

test('who does not lead writes nothing, and writes when it leads', async (t) => {
  const { leadership, writer, events, pass } = await setup(t, false);
  writer.update([diagnostic('a')], uids);
  await pass(60_000);
  assert.equal(events().length, 0);
  leadership.set(true);
  await until(() => events()[0]);
});

test('many mistakes: 25 at once, then one a second; the worst come first', async (t) => {
  const { api, writer, events, pass } = await setup(t);
  const many = Array.from({ length: 60 }, (_, at) =>
    diagnostic(`i${at}`, { severity: at < 20 ? 'info' : at < 40 ? 'warning' : 'error' }),
  );
  writer.update(many, uids);
  await until(() => (events().length >= 25 ? true : undefined));
  await settled(api);
  assert.equal(events().length, 25);
  const objects = events().map((event) => Number((event['regarding'] as { name: string }).name.slice(1)));
  assert.equal(objects.filter((at) => at >= 40).length, 20);
  assert.equal(objects.filter((at) => at < 20).length, 0);
  for (let second = 0; second < 10; second += 1) await pass(1_000);
  assert.equal(events().length, 35);
});

test('one object gets ten Events at once, then one a minute', async (t) => {
  const { api, writer, events, pass } = await setup(t);
  writer.update(
    Array.from({ length: 15 }, (_, at) => diagnostic('a', { field: `spec.rules[${at}]` })),
    uids,
  );
  await until(() => (events().length >= 10 ? true : undefined));
  await settled(api);
  assert.equal(events().length, 10);
  for (let step = 0; step < 13; step += 1) await pass(10_000);
  assert.equal(events().length, 12);
});

test('a mistake that was mended while it waited is not told', async (t) => {
  const { api, writer, events, pass } = await setup(t);
  const many = Array.from({ length: 40 }, (_, at) => diagnostic(`i${at}`));
  writer.update(many, uids);
  await until(() => (events().length >= 25 ? true : undefined));
  await settled(api);
  writer.update([], uids);
  for (let second = 0; second < 20; second += 1) await pass(1_000);
  assert.equal(events().length, 25);
});

test('a failing server is left alone for a while; an Event that it refuses for good stops nothing', async (t) => {
  const { api, writer, events, pass, log } = await setup(t);
  api.inject({ times: 2, act: (response) => sendStatus(response, 503, 'ServiceUnavailable') });
  api.inject({ times: 1, act: (response) => sendStatus(response, 422, 'Invalid') });
  writer.update([diagnostic('a'), diagnostic('b'), diagnostic('c')], uids);
  for (let second = 0; second < 20; second += 1) await pass(1_000);
  assert.equal(events().length, 2);
  assert.equal(log.with({ level: 'warn' }).length, 1);
  assert.equal(api.requests.length, 5);
});
