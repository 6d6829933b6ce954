import assert from 'node:assert/strict';
import { test } from 'node:test';

import { helpText, versionText } from '../../../src/settings/help.ts';
import { allSettings } from '../../../src/settings/table-access.ts';

test('names every flag, alias, variable, key and group', () => {
  const help = helpText();
  for (const [, definition] of allSettings()) {
    const names = [definition.flag, ...(definition.aliases ?? [])].map((flag) => `--${flag}`);
    for (const name of [...names, definition.kind.name, definition.group]) assert.ok(help.includes(name), name);
    const flat = help.replaceAll(/\s+/g, ' ');
    if (definition.environment !== undefined) assert.ok(flat.includes(`environment ${definition.environment}`));
    if (definition.configMapKey !== undefined) assert.ok(flat.includes(`ConfigMap ${definition.configMapKey}`));
    assert.ok(flat.includes(definition.doc), definition.doc);
  }
});

test('says which keys of the ConfigMap have no effect', () => {
  const flat = helpText().replaceAll(/\s+/g, ' ');
  for (const key of ['worker-processes', 'worker-shutdown-timeout']) {
    assert.ok(flat.includes(`ConfigMap ${key} has no effect`), key);
  }
  assert.equal(flat.match(/has no effect/g)?.length, 2);
});

test('fits into 100 columns', () => {
  assert.deepEqual(
    helpText()
      .split('\n')
      .filter((line) => line.length > 100),
    [],
  );
});

test('says its version', () => {
  assert.match(versionText(), /^fairway \d+\.\d+\.\d+ \(Node\.js v\d+/);
});
