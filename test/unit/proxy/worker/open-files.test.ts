import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { createLogger } from '../../../../src/lib/logger.ts';
import type { FileCounts } from '../../../../src/proxy/worker/open-files.ts';
import { fileCountsReader, OpenFiles, openFilesLimit } from '../../../../src/proxy/worker/open-files.ts';
import type { Counters } from '../../../../src/telemetry/counters.ts';
import { createCounters } from '../../../../src/telemetry/counters.ts';
import { FakeTime } from '../../../support/fake-time.ts';
import { LogLines } from '../../../support/log-lines.ts';

interface Fixture {
  readonly files: OpenFiles;
  readonly lines: LogLines;
  readonly time: FakeTime;
  readonly counters: Counters;
  counts: FileCounts | undefined;
}

function fixture(counts: FileCounts | undefined): Fixture {
  const lines = new LogLines();
  const time = new FakeTime();
  const counters = createCounters({ timeBuckets: [], lengthBuckets: [], sizeBuckets: [] });
  const log = createLogger({ process: 'test', level: 'info', destination: lines });
  const made = { lines, time, counters, counts };
  const files = new OpenFiles({ clock: time, counters, log, read: () => made.counts });
  return Object.assign(made, { files });
}

function valueOf(counters: Counters, metric: string): number | undefined {
  return counters.samples().find((one) => one.metric === metric)?.values[0];
}

suite('open files', () => {
  test('clients get half of what is left beside a reserve, at least one connection', () => {
    for (const [limit, most] of [
      [1024, 448],
      [200, 36],
      [100, 1],
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ] as const) {
      assert.equal(fixture({ open: 20, limit }).files.connectionLimit, most);
    }
    assert.equal(fixture(undefined).files.connectionLimit, Number.POSITIVE_INFINITY);
  });

  test('what is open is said from nine tenths of the limit on, once a minute', () => {
    const it = fixture({ open: 89, limit: 100 });
    assert.equal(it.lines.all.length, 0);
    it.counts = { open: 90, limit: 100 };
    for (let second = 0; second < 61; second += 1) {
      it.files.look();
      it.time.jump(1_000);
    }
    assert.equal(it.lines.with({ event: 'open-files', open: 90, limit: 100 }).length, 2);
    assert.equal(valueOf(it.counters, 'fairway_open_files'), 90);
    assert.equal(valueOf(it.counters, 'fairway_open_files_limit'), 100);
  });

  test('refused connections are counted at once and said together, once a minute', () => {
    const it = fixture({ open: 20, limit: 200 });
    for (let second = 0; second < 61; second += 1) {
      it.files.onRefused();
      it.files.look();
      it.time.jump(1_000);
    }
    const refused = it.lines.with({ event: 'connections-refused' }).map((line) => line['refused']);
    assert.deepEqual(refused, [1, 60]);
    assert.equal(valueOf(it.counters, 'fairway_connections_refused_total'), 61);
  });

  test('the soft limit is read, and this process has some files open', () => {
    const text = 'Max processes             5                    6                    processes\n';
    assert.equal(
      openFilesLimit(`${text}Max open files            200                  4096                 files\n`),
      200,
    );
    assert.equal(
      openFilesLimit(`${text}Max open files            unlimited            unlimited            files\n`),
      Infinity,
    );
    const counts = fileCountsReader()();
    assert.ok(counts === undefined || (counts.open > 3 && counts.open < counts.limit));
  });
});
