import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { readYaml } from '../../../../../src/control/sources/directory/yaml-documents.ts';

function values(text: string): unknown[] {
  const file = readYaml(text);
  assert.ok(file.kind === 'documents');
  return file.documents.map((document) => document.value);
}

suite('YAML documents', () => {
  test('empty documents, comments and directives are no documents', () => {
    for (const text of ['', '\n\n', '# only a comment', '---\n---\n---', '# a\n---\n# b\n---\n', '...\n']) {
      assert.deepEqual(values(text), []);
    }
    assert.deepEqual(values('%YAML 1.2\n---\na: 1\n...\n---\n# x\n--- # y\nb: 2\n---'), [{ a: 1 }, { b: 2 }]);
  });

  test('a document may begin on the line of its marker', () => {
    assert.deepEqual(values('--- {a: 1}\n--- [2]\n--- text\n--- |\n  block\n'), [{ a: 1 }, [2], 'text', 'block\n']);
  });

  test('text that only looks like a marker is text', () => {
    assert.deepEqual(values('a: |\n  ---\n  b\nc: "x\n  --- y"\nd: ----\n'), [
      { a: '---\nb\n', c: 'x --- y', d: '----' },
    ]);
  });

  test('all line ends, and block text with its own indentation and blank lines', () => {
    assert.deepEqual(values('a: 1\r\nb: |\r\n  x\r\n\r\n    y\r\n---\r\nc: 2\r\n'), [
      { a: 1, b: 'x\n\n  y\n' },
      { c: 2 },
    ]);
    assert.deepEqual(values('a: |2\n    x\n   y\nb: >-\n  one\n  two\n'), [{ a: '  x\n y\n', b: 'one two' }]);
    assert.deepEqual(values('a: "x\u2028y"\n'), [{ a: 'x\u2028y' }]);
  });

  test('null, numbers and lists are documents too', () => {
    assert.deepEqual(values('---\n~\n---\n7\n---\n- a\n- b\n'), [null, 7, ['a', 'b']]);
  });

  test('wrong types come through as they are written, and times are text', () => {
    const text =
      'apiVersion: v1\nkind: Service\nmetadata: {creationTimestamp: 2026-01-01T00:00:00Z}\nspec: []\nunknown: 1\n';
    assert.deepEqual(values(text), [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
        spec: [],
        unknown: 1,
      },
    ]);
    assert.deepEqual(
      values('apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: {}}}}\n').length,
      1,
    );
    assert.deepEqual(values('apiVersion: 1\nkind: 2\n'), [{ apiVersion: 1, kind: 2 }]);
  });

  test('anchors and merge keys, as kubectl reads them', () => {
    const text = 'base: &base {a: 1, b: 2}\nx:\n  <<: *base\n  b: 3\ny: {<<: [{c: 4, a: 5}, *base]}\n';
    assert.deepEqual(values(text), [{ base: { a: 1, b: 2 }, x: { b: 3, a: 1 }, y: { c: 4, a: 5, b: 2 } }]);
    assert.deepEqual(values('a: {<<: 7}\n'), [{ a: { '<<': 7 } }]);
    const [value] = values('__proto__: {polluted: 1}\na: {<<: {__proto__: {polluted: 1}}}\n');
    assert.ok(typeof value === 'object' && value !== null);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  test('an object that holds itself, and aliases of aliases, are read in time', () => {
    assert.equal(values('&a {x: *a}\n').length, 1);
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let at = 1; at < 30; at += 1)
      lines.push(`a${at}: &a${at} [${Array.from({ length: 10 }, () => `*a${at - 1}`).join(', ')}]`);
    assert.equal(values(lines.join('\n')).length, 1);
  });

  test('what is broken has a line and a reason, and nothing of what the file says', () => {
    const cases: readonly (readonly [string, number])[] = [
      ['a: 1\na: 2\n', 2],
      ['ok: 1\n---\na: [1\npassword: hunter2\n', 4],
      ['# c\npassword: *hunter2\n', 2],
      ['password: !hunter2 x\n', 1],
      ['password: "hunter2\n', 1],
      ['a: hunter2: b\n', 1],
      ['\thunter2: x\n', 1],
      [`a: ${'['.repeat(5000)}`, 1],
    ];
    for (const [text, line] of cases) {
      const file = readYaml(text);
      assert.ok(file.kind === 'broken', text);
      assert.ok(Math.abs(file.line - line) <= 1, `${text}: ${file.line}`);
      assert.ok(!file.why.includes('hunter2') && file.why.length < 100, file.why);
    }
  });
});
