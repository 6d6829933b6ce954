import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { Findings } from '../../../src/control/findings.ts';
import { createLogger } from '../../../src/lib/logger.ts';
import type { Diagnostic, Severity } from '../../../src/model/diagnostic.ts';
import { emptySnapshot } from '../../../src/model/snapshot.ts';
import { defaultSettings } from '../../../src/settings/table-access.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';
import { LogLines } from '../../support/log-lines.ts';

function harness(): { readonly say: (...diagnostics: Diagnostic[]) => string[] } {
  const destination = new LogLines();
  const log = createLogger({ process: 'control', level: 'info', destination });
  const findings = new Findings(log, createCounters(defaultSettings()));
  const empty = {
    snapshot: emptySnapshot,
    statuses: [],
    healthChecks: new Map(),
    ingresses: [],
    orphans: [],
  };
  const say = (...diagnostics: Diagnostic[]): string[] => {
    const before = destination.all.length;
    findings.update({ ...empty, diagnostics });
    return destination.all.slice(before).map((line) => `${String(line['level'])} ${String(line['message'])}`);
  };
  return { say };
}

function diagnostic(severity: Severity, why: string): Diagnostic {
  const object = { kind: 'Ingress', namespace: 'demo', name: 'shop' } as const;
  return { code: 'path-malformed', severity, object, field: 'spec', what: 'it is wrong', why, fix: 'Mend it.' };
}

suite('findings', () => {
  test('are logged at the level of their severity', () => {
    assert.deepEqual(harness().say(diagnostic('error', 'a'), diagnostic('warning', 'b'), diagnostic('info', 'c')), [
      'error it is wrong',
      'warn it is wrong',
      'info it is wrong',
    ]);
  });

  test('are mended once, when nothing of the kind is left at the place', () => {
    const { say } = harness();
    say(diagnostic('error', 'line 3'), diagnostic('error', 'line 4'));
    assert.deepEqual(say(diagnostic('error', 'line 5')), ['error it is wrong']);
    assert.deepEqual(say(), ['info mended']);
  });
});
