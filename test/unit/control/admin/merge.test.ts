import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { Collector } from '../../../../src/control/admin/collector.ts';
import { exposition as expositionPieces } from '../../../../src/control/admin/exposition.ts';
import { mergeSamples } from '../../../../src/control/admin/merge.ts';
import type { MetricSample } from '../../../../src/model/metric-sample.ts';
import { defaultSettings } from '../../../../src/settings/table-access.ts';

const connections = 'nginx_ingress_controller_nginx_process_connections';
const total = 'nginx_ingress_controller_nginx_process_requests_total';

function requests(value: number): MetricSample {
  return { metric: total, labels: [], values: [value] };
}

function active(value: number): MetricSample {
  return { metric: connections, labels: ['active'], values: [value] };
}

function valueOf(sets: readonly (readonly MetricSample[])[], metric: typeof total | typeof connections): number {
  const [series] = mergeSamples(sets).get(metric)?.values() ?? [];
  return series?.values[0] ?? 0;
}

suite('merging', () => {
  test('adds what the table says to add and takes the maximum otherwise', () => {
    const applied = 'nginx_ingress_controller_config_hash';
    const merged = mergeSamples([
      [requests(2), { metric: applied, labels: [], values: [5] }],
      [requests(3), { metric: applied, labels: [], values: [4] }],
    ]);
    assert.deepEqual(merged.get(total)?.get('[]')?.values, [5]);
    assert.deepEqual(merged.get(applied)?.get('[]')?.values, [5]);
  });

  test('keeps series with other labels apart', () => {
    const merged = mergeSamples([[active(1), { metric: connections, labels: ['waiting'], values: [2] }], [active(4)]]);
    assert.deepEqual(
      [...(merged.get(connections)?.values() ?? [])].map(({ labels, values }) => [...labels, ...values]),
      [
        ['active', 5],
        ['waiting', 2],
      ],
    );
  });

  test('leaves out what the table does not know', () => {
    const merged = mergeSamples([
      [
        { metric: 'constructor', labels: [], values: [1] },
        { metric: connections, labels: [], values: [1] },
        { metric: 'fairway_compile_seconds', labels: [], values: [1, 2] },
      ],
      [{ metric: 'fairway_compile_seconds', labels: [], values: [1, 2, 3] }],
    ]);
    assert.deepEqual([...merged.keys()], ['fairway_compile_seconds']);
    assert.deepEqual(merged.get('fairway_compile_seconds')?.get('[]')?.values, [1, 2]);
  });

  test('does not change the samples it was given', () => {
    const sample = requests(2);
    mergeSamples([[sample], [requests(3)]]);
    assert.deepEqual(sample.values, [2]);
  });
});

/** Workers that answer at once with what `counted` says; a missing pid does not answer. */
function collectorOf(alive: number[], counted: Map<number, readonly MetricSample[]>): Collector {
  const collector: Collector = new Collector({
    ask: (request) => {
      for (const [index, pid] of alive.entries()) {
        const samples = counted.get(pid);
        if (samples !== undefined) collector.received({ request, index, pid, samples });
      }
    },
    alive: () => alive,
    deadlineMs: 30,
  });
  return collector;
}

const keepAll = (): boolean => true;

suite('the collector', () => {
  test('keeps totals of dead workers and forgets their gauges', async () => {
    const alive = [1, 2];
    const counted = new Map([
      [1, [requests(10), active(3)]],
      [2, [requests(20), active(4)]],
    ]);
    const collector = collectorOf(alive, counted);
    assert.equal(valueOf(await collector.collect(keepAll), total), 30);
    alive.splice(0, 1, 3);
    counted.set(3, [requests(1), active(1)]);
    const after = await collector.collect(keepAll);
    assert.equal(valueOf(after, total), 31);
    assert.equal(valueOf(after, connections), 5);
    alive.length = 0;
    assert.equal(valueOf(await collector.collect(keepAll), total), 31);
  });

  test('shows a worker that does not answer in time as it was', async () => {
    const counted = new Map([
      [1, [requests(10)]],
      [2, [requests(20)]],
    ]);
    const collector = collectorOf([1, 2], counted);
    await collector.collect(keepAll);
    counted.delete(2);
    counted.set(1, [requests(11)]);
    assert.equal(valueOf(await collector.collect(keepAll), total), 31);
  });

  test('takes an answer after the deadline for the next time', async () => {
    const collector = collectorOf([1], new Map());
    assert.equal(valueOf(await collector.collect(keepAll), total), 0);
    collector.received({ request: 1, index: 0, pid: 1, samples: [requests(5)] });
    assert.equal(valueOf(await collector.collect(keepAll), total), 5);
  });

  test('forgets series of the dead for good when they are no longer wanted', async () => {
    const alive = [1];
    const collector = collectorOf(alive, new Map([[1, [requests(10)]]]));
    await collector.collect(keepAll);
    alive.length = 0;
    await collector.collect(() => false);
    assert.equal(valueOf(await collector.collect(keepAll), total), 0);
  });
});

/** The text in one. */
async function exposition(...parameters: Parameters<typeof expositionPieces>): Promise<string> {
  return Buffer.concat([...(await expositionPieces(...parameters))]).toString();
}

suite('the exposition', () => {
  const settings = { ...defaultSettings(), namespace: 'ingress', podName: 'fairway-0', timeBuckets: [0.5, 1] };

  test('writes counters under their own names with the labels of the controller', async () => {
    assert.equal(
      await exposition(mergeSamples([[requests(7)]]), settings),
      [
        `# HELP ${total} Requests of all clients.`,
        `# TYPE ${total} counter`,
        `${total}{controller_class="fairway.dev/ingress-controller",controller_namespace="ingress",controller_pod="fairway-0"} 7\n`,
      ].join('\n'),
    );
  });

  test('writes histograms cumulatively', async () => {
    const text = await exposition(
      mergeSamples([[{ metric: 'fairway_compile_seconds', labels: [], values: [3, 2, 1, 4.5] }]]),
      settings,
    );
    assert.deepEqual(text.trimEnd().split('\n').slice(1), [
      '# TYPE fairway_compile_seconds histogram',
      'fairway_compile_seconds_bucket{le="0.5"} 3',
      'fairway_compile_seconds_bucket{le="1"} 5',
      'fairway_compile_seconds_bucket{le="+Inf"} 6',
      'fairway_compile_seconds_sum 4.5',
      'fairway_compile_seconds_count 6',
    ]);
  });

  test('names buckets as ingress-nginx does', async () => {
    const metric = 'nginx_ingress_controller_bytes_sent';
    const labels = ['', '', '', '', '', '', '', ''];
    const text = await exposition(mergeSamples([[{ metric, labels, values: [1] }]]), defaultSettings());
    assert.deepEqual(
      [...text.matchAll(/le="([^"]+)"/g)].map((match) => match[1]),
      ['10', '100', '1000', '10000', '100000', '1e+06', '1e+07', '+Inf'],
    );
  });

  test('escapes what tenants write', async () => {
    const labels = ['shop', 'a"b\\c\nd', 'accepted', ''];
    const text = await exposition(mergeSamples([[{ metric: 'fairway_ingress_info', labels, values: [1] }]]), settings);
    assert.ok(
      text.includes('fairway_ingress_info{namespace="shop",ingress="a\\"b\\\\c\\nd",state="accepted",reason=""} 1\n'),
    );
  });

  test('says once what a metric is, however many series it has', async () => {
    const labels = Array.from({ length: 1_000 }, (_, at) => ['shop', `ingress-${at}`, 'accepted', '']);
    const samples = labels.map((labels) => ({ metric: 'fairway_ingress_info', labels, values: [1] }));
    const lines = (await exposition(mergeSamples([samples]), settings)).trimEnd().split('\n');
    assert.equal(lines.length, 1_002);
    assert.deepEqual(
      lines.map((line, at) => (line.startsWith('#') ? at : -1)).filter((at) => at >= 0),
      [0, 1],
    );
    assert.equal(new Set(lines).size, lines.length);
  });

  test('leaves out metrics without series', async () => {
    assert.equal(await exposition(mergeSamples([]), settings), '');
  });
});
