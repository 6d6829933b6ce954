import assert from 'node:assert/strict';
import { test } from 'node:test';

import { validityProblem } from '../../../../src/control/compile/certificate-validity.ts';
import type { Compilation, CompileInput } from '../../../../src/control/compile/compilation.ts';
import { compile } from '../../../../src/control/compile/compile.ts';
import type { KubeObject } from '../../../../src/control/objects/kinds.ts';
import { ObjectStore } from '../../../../src/control/objects/object-store.ts';
import type { Certificate } from '../../../../src/model/certificate.ts';
import { hostPattern } from '../../../../src/model/ids.ts';
import { defaultSettings } from '../../../../src/settings/table-access.ts';
import { tlsSecret } from '../../../golden/read-case.ts';
import { ingress, ownClass, rule } from '../../../support/compile-objects.ts';

const host = hostPattern('x.example.com');
const tls = [{ hosts: ['x.example.com'], secretName: 'tls' }];
const shopIngress = ingress('cart', { rules: [rule(host, '/', 'cart')], tls });
const good = tlsSecret({ names: ['x.example.com'] });

function run(objects: readonly KubeObject[], fields: Partial<CompileInput> = {}): Compilation {
  const store = new ObjectStore();
  for (const object of [ownClass, ...objects]) store.upsert(object);
  const base = { objects: store, settings: defaultSettings(), version: 1, nowSeconds: 1_700_000_001 };
  return compile({ ...base, publishedAddresses: [], ...fields });
}

function servedWith(compilation: Compilation): string | undefined {
  return compilation.snapshot.virtualHosts.get(host)?.certificate;
}

test('a certificate is kept from version to version while its Secret is gone, and dropped with its Ingress', () => {
  let last = run([shopIngress, good]);
  for (let version = 2; version < 5; version += 1) {
    last = run([shopIngress], { version, previous: last.snapshot });
    assert.equal(servedWith(last), good.tls.kind === 'certificate' && good.tls.certificate.id);
  }
  last = run([], { version: 6, previous: last.snapshot });
  assert.equal(last.snapshot.certificates.size, 0);
  assert.equal(servedWith(run([shopIngress], { version: 7, previous: last.snapshot })), undefined);
});

test('the certificate of another namespace is not kept for an Ingress that takes over the host', () => {
  const first = run([shopIngress, good]);
  const bank = ingress('cart', { namespace: 'bank', rules: [rule(host, '/', 'cart')], tls });
  assert.equal(servedWith(run([bank], { version: 2, previous: first.snapshot })), undefined);
});

test('the older Ingress keeps its last good certificate before the younger one gives its own', () => {
  const first = run([shopIngress, good]);
  const bank = ingress('cart', { namespace: 'bank', createdAt: 5, rules: [rule(host, '/b', 'cart')], tls });
  const other = tlsSecret({ namespace: 'bank', names: ['x.example.com'] });
  const second = run([shopIngress, bank, other], { version: 2, previous: first.snapshot });
  assert.equal(servedWith(second), servedWith(first));
});

test('the self-signed certificate is the default, and no diagnostic says when it ends', () => {
  const selfSigned: Certificate = { ...certificate(0, 10), source: 'default' };
  const { snapshot, diagnostics } = run([], { defaultCertificate: selfSigned });
  assert.equal(snapshot.options.defaultCertificate, selfSigned.id);
  assert.equal(snapshot.certificates.get(selfSigned.id), selfSigned);
  assert.deepEqual(diagnostics, []);
});

function certificate(fromDays: number, untilDays: number): Certificate {
  const { tls: material } = tlsSecret({ from: fromDays, until: untilDays });
  assert.equal(material.kind, 'certificate');
  return { ...material.certificate, notBefore: fromDays * 86_400, notAfter: untilDays * 86_400 };
}

test('a certificate is late when less is left than whoever renews it leaves', () => {
  const state = (lifetime: number, left: number): string => {
    const problem = validityProblem(certificate(100 - lifetime + left, 100 + left), 100 * 86_400);
    return problem === undefined ? 'good' : `${problem.code} ${problem.severity ?? ''} ${problem.why}`;
  };
  assert.equal(state(365, 40), 'good');
  assert.match(state(365, 20), /soon info less than 30 days/);
  assert.match(state(365, 5), /soon warning less than 7 days/);
  assert.match(state(365, 0.5), /soon warning less than a day/);
  assert.equal(state(90, 20), 'good');
  assert.match(state(90, 5), /less than 7 days/);
  assert.equal(state(6, 2), 'good');
  assert.match(state(6, 0.5), /less than a day/);
  assert.match(state(90, 0), /certificate-expired/);
  assert.match(state(90, 91), /not-yet-valid/);
});
