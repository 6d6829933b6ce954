import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readManifest } from '../../../../../src/control/sources/directory/manifests.ts';

function read(text: string, file = 'shop.yaml') {
  const manifest = readManifest(file, text);
  assert.ok(manifest.kind === 'objects', JSON.stringify(manifest));
  return {
    names: manifest.objects.map((one) => `${one.kind} ${one.namespace}/${one.name}`),
    diagnostics: manifest.diagnostics,
    unreadable: manifest.unreadable,
  };
}

const service = (name: string): string => `{apiVersion: v1, kind: Service, metadata: {name: ${name}}}`;

test('several documents, lists, typed lists and lists in lists', () => {
  const { names, diagnostics } = read(`
${service('a')}
---
{apiVersion: v1, kind: List, items: [${service('b')}, {apiVersion: v1, kind: List, items: [${service('c')}]}]}
---
{apiVersion: networking.k8s.io/v1, kind: IngressList, items: [{metadata: {name: d}}, ${service('e')}]}
---
{apiVersion: v1, kind: List, items: []}
`);
  assert.deepEqual(names, ['Service default/a', 'Service default/b', 'Service default/c', 'Ingress default/d']);
  assert.deepEqual(
    diagnostics.map((one) => [one.severity, one.what]),
    [['info', 'Service (v1) in `shop.yaml` is not read']],
  );
});

test('kinds that are not read are named once, at level info', () => {
  const other = (apiVersion: string, kind: string): string =>
    `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: x}}`;
  const { names, diagnostics } = read(
    [
      other('apps/v1', 'Deployment'),
      other('apps/v1', 'Deployment'),
      other('autoscaling/v2', 'HorizontalPodAutoscaler'),
    ].join('\n---\n'),
  );
  assert.deepEqual(names, []);
  assert.deepEqual(
    diagnostics.map((one) => [one.code, one.severity, one.what]),
    [
      [
        'kind-not-read',
        'info',
        'Deployment (apps/v1), HorizontalPodAutoscaler (autoscaling/v2) in `shop.yaml` are not read',
      ],
    ],
  );
});

test('one document that is no object leaves the others standing, and says where it is', () => {
  const { names, diagnostics, unreadable } = read(
    `${service('a')}\n---\njust text\n---\n${service('B')}\n---\n${service('c')}\n`,
  );
  assert.deepEqual(names, ['Service default/a', 'Service default/c']);
  assert.deepEqual(
    diagnostics.map((one) => one.what),
    [
      'Object in document 2 (line 2) of shop.yaml is not read',
      'Service in document 3 (line 4) of shop.yaml is not read',
    ],
  );
  assert.deepEqual(diagnostics[0]?.object, { kind: 'File', namespace: '', name: 'shop.yaml' });
  assert.deepEqual(unreadable, ['somewhere', 'somewhere']);
});

test('loopback endpoints are allowed in a folder', () => {
  const { names, diagnostics } = read(
    '{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a}, addressType: IPv4, endpoints: [{addresses: [127.0.0.1]}]}',
  );
  assert.deepEqual([names.length, diagnostics], [1, []]);
});

test('JSON files', () => {
  assert.deepEqual(read('{"apiVersion":"v1",\n\t"kind":"Service","metadata":{"name":"a"}}', 'a.json').names, [
    'Service default/a',
  ]);
  assert.deepEqual(read(' \n', 'a.json').names, []);
  const broken = readManifest('a.json', '{"password": "hunter2" "');
  assert.ok(broken.kind === 'unreadable');
  assert.ok(!JSON.stringify(broken).includes('hunter2'));
});

test('a small file that looks huge through aliases is read in part, in time', () => {
  const started = performance.now();
  const items = Array.from({ length: 300 }, () => '*s').join(', ');
  const { names, diagnostics } = read(
    `apiVersion: v1\nkind: List\nitems:\n- &s ${service('a')}\n- &l {kind: List, items: [${items}]}\n- &m {kind: List, items: [${items.replaceAll('*s', '*l')}]}\n- *m\n`,
  );
  assert.ok(names.length <= 50_000);
  assert.deepEqual(
    diagnostics.map((one) => one.code),
    ['folder-limit'],
  );
  const paths = Array.from({ length: 2000 }, () => '*p').join(', ');
  const rules = Array.from({ length: 2000 }, () => '*r').join(', ');
  const bomb = read(
    `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nx: [&p {path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}, &r {http: {paths: [${paths}]}}]\nspec: {rules: [${rules}]}\n`,
  );
  assert.deepEqual(
    bomb.diagnostics.map((one) => one.code),
    ['field-malformed'],
  );
  assert.ok(performance.now() - started < 10_000);
});

test('a kind that looks misspelled is a warning, one of other groups is none', () => {
  const { diagnostics } = read(
    `{apiVersion: networking.k8s.io/v1, kind: Ingres, metadata: {name: a}}\n---\n{apiVersion: apps/v1, kind: Ingres, metadata: {name: a}}\n`,
  );
  assert.deepEqual(
    diagnostics.map(({ code, severity, fix }) => [code, severity, fix]),
    [
      ['kind-not-read', 'warning', 'Did you mean Ingress?'],
      ['kind-not-read', 'info', 'Nothing needs to be done.'],
    ],
  );
});

function ingress(spec: string): ReturnType<typeof readManifest> {
  const metadata = '{name: a, annotation: {}}';
  return readManifest(
    'a.yaml',
    `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: ${metadata}, spec: ${spec}}`,
  );
}

const backend = 'backend: {service: {name: a, port: {number: 80}}}';

test('unknown fields are reported, with what was meant', () => {
  const manifest = ingress(
    `{ruls: [], rules: [{host: a.example, htttp: {}, http: {path: [], paths: [{path: /, pathType: Prefix, pathTyp: x, backend: {servce: {}, service: {name: a, prt: 1, port: {number: 80, numbr: 1}}}}]}}], tls: [{host: a.example}]}`,
  );
  assert.ok(manifest.kind === 'objects');
  assert.deepEqual(
    manifest.diagnostics.map(({ code, severity, field, fix }) => `${code} ${severity} ${field} ${fix}`),
    [
      'metadata.annotation Did you mean annotations?',
      'spec.ruls Did you mean rules?',
      'spec.rules[0].htttp Did you mean http?',
      'spec.rules[0].http.path Did you mean paths?',
      'spec.rules[0].http.paths[0].pathTyp Did you mean pathType?',
      'spec.rules[0].http.paths[0].backend.servce Did you mean service?',
      'spec.rules[0].http.paths[0].backend.service.prt Did you mean port?',
      'spec.rules[0].http.paths[0].backend.service.port.numbr Did you mean number?',
      'spec.tls[0].host Did you mean hosts?',
    ].map((text) => `unknown-field warning ${text}`),
  );
});

test('a misspelled host opens no route to every host, a misspelled path none to every path', () => {
  const manifest = ingress(
    `{rules: [{hosts: a.example, http: {paths: [{path: /, pathType: Prefix, ${backend}}]}}, {host: b.example, http: {paths: [{paht: /b, pathType: ImplementationSpecific, ${backend}}]}}]}`,
  );
  assert.ok(manifest.kind === 'objects');
  const [object] = manifest.objects;
  assert.ok(object?.kind === 'Ingress');
  assert.deepEqual(object.rules, [{ host: 'b.example', paths: [] }]);
  const errors = manifest.diagnostics.filter(({ severity }) => severity === 'error');
  assert.deepEqual(
    errors.map(({ code, field }) => [code, field]),
    [
      ['unknown-field', 'spec.rules[0]'],
      ['unknown-field', 'spec.rules[1].http.paths[0]'],
    ],
  );
});
