import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LogLevel, Logger } from '../../../src/lib/logger.ts';
import { createLogger } from '../../../src/lib/logger.ts';

function logged(level: LogLevel): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string): void => {
      lines.push(JSON.parse(line) as Record<string, unknown>);
    },
    dropped: 3,
    flush: () => Promise.resolve(),
  };
  return { log: createLogger({ process: 'worker-1', level, destination }), lines };
}

test('a line is one JSON object with time, level, process, fields and message', () => {
  const { log, lines } = logged('info');
  log.info({ event: 'listening', port: 80 }, 'http on port 80');
  const { time, pid, ...rest } = lines[0] ?? {};
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(pid, process.pid);
  assert.deepEqual(rest, {
    level: 'info',
    process: 'worker-1',
    event: 'listening',
    port: 80,
    message: 'http on port 80',
  });
});

test('only lines of the level and above are written', () => {
  const { log, lines } = logged('warn');
  log.debug({}, 'a');
  log.info({}, 'b');
  log.warn({}, 'c');
  log.error({}, 'd');
  assert.deepEqual(
    lines.map((line) => line['message']),
    ['c', 'd'],
  );
});

test('children carry their fields; the line wins', () => {
  const { log, lines } = logged('info');
  log.child({ a: 1, b: 1 }).child({ c: 1 }).info({ b: 2 }, 'x');
  assert.deepEqual([lines[0]?.['a'], lines[0]?.['b'], lines[0]?.['c']], [1, 2, 1]);
});

test('errors keep their stack', () => {
  const { log, lines } = logged('info');
  log.error({ error: new Error('broken') }, 'x');
  const error = lines[0]?.['error'] as { message: string; stack: string };
  assert.equal(error.message, 'broken');
  assert.match(error.stack, /logger\.test\.ts/);
});

test('nothing that is logged throws', () => {
  const { log, lines } = logged('info');
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const bad = {
    toJSON: () => {
      throw new Error('no');
    },
  };
  for (const value of [circular, bad, 10n, Symbol('s'), () => 1, undefined, null, '\u0000\ud800']) {
    log.info({ value }, 'still logged');
  }
  log.info(
    {
      get value() {
        throw new Error('no');
      },
    },
    'still logged',
  );
  assert.equal(lines.filter((line) => line['message'] === 'still logged').length, 9);
});

test('dropped lines of the destination are known', () => {
  assert.equal(logged('info').log.dropped, 3);
});
