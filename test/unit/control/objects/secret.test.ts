import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decode, decodeAs, manifest } from '../../../support/decoding.ts';
import { makeCertificate } from '../../../support/test-certificates.ts';

const pair = makeCertificate({ names: ['shop.example.com'] });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const data = { 'tls.crt': base64(pair.certificate), 'tls.key': base64(pair.key) };

test('a TLS Secret is checked while decoding', () => {
  const { object, complaints } = decodeAs('Secret', { type: 'kubernetes.io/tls', data });
  assert.deepEqual(complaints, []);
  assert.ok(object.tls.kind === 'certificate');
  assert.equal(object.tls.certificate.source, 'shop/it');
  assert.deepEqual(object.tls.certificate.names, ['shop.example.com']);
});

test('stringData wins over data', () => {
  const stringData = { 'tls.crt': pair.certificate, 'tls.key': pair.key };
  assert.equal(decodeAs('Secret', { type: 'kubernetes.io/tls', stringData }).object.tls.kind, 'certificate');
  const mixed = decodeAs('Secret', { type: 'kubernetes.io/tls', data: { ...data, 'tls.crt': 'AAAA' }, stringData });
  assert.equal(mixed.object.tls.kind, 'certificate');
});

test('base64 in lines, as YAML block text has it', () => {
  const wrapped = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, `${value.match(/.{1,60}/g)?.join('\n') ?? ''}\n`]),
  );
  assert.equal(decodeAs('Secret', { type: 'kubernetes.io/tls', data: wrapped }).object.tls.kind, 'certificate');
});

test('text that is not base64 is not read as the base64 that it holds', () => {
  const key = data['tls.key'];
  const { object } = decodeAs('Secret', {
    type: 'kubernetes.io/tls',
    data: { ...data, 'tls.key': `${key.slice(0, 40)}%%${key.slice(40)}` },
  });
  assert.ok(object.tls.kind === 'invalid');
  assert.match(object.tls.why, /not base64/);
});

test('what is wrong with the values stands in the material, without the values', () => {
  for (const bad of [
    {},
    null,
    { 'tls.crt': data['tls.crt'] },
    { ...data, 'tls.key': '%%%' },
    { ...data, 'tls.key': 7 },
    { ...data, 'tls.crt': '' },
    { 'tls.crt': data['tls.key'], 'tls.key': data['tls.crt'] },
  ]) {
    const { object, text } = decodeAs('Secret', { type: 'kubernetes.io/tls', data: bad });
    assert.ok(object.tls.kind === 'invalid', JSON.stringify(bad));
    const said = JSON.stringify(object.tls) + text;
    assert.ok(!said.includes(data['tls.key'].slice(40, 60)) && !said.includes(pair.key.slice(40, 60)));
  }
});

test('Secrets of other types are not kept, and one that holds a certificate is told', () => {
  const opaque = decode(manifest('Secret', { type: 'Opaque', data: { password: 'aHVudGVyMg==' } }));
  assert.deepEqual([opaque.outcome, opaque.diagnostics], ['not-kept', []]);
  const certificate = decode(manifest('Secret', { data }));
  assert.equal(certificate.outcome, 'not-kept');
  assert.deepEqual(
    certificate.diagnostics.map((one) => one.code),
    ['secret-type-not-read'],
  );
});

test('a chain in the wrong order is served and told', () => {
  const issuer = makeCertificate({ commonName: 'CA', isAuthority: true });
  const leaf = makeCertificate({ names: ['a.example.com'], issuer });
  const { object, complaints } = decodeAs('Secret', {
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': issuer.certificate + leaf.certificate, 'tls.key': leaf.key },
  });
  assert.equal(object.tls.kind, 'certificate');
  assert.deepEqual(complaints, ['certificate-chain-repaired data["tls.crt"]']);
});

test('the copy that kubectl leaves in an annotation is not kept', () => {
  const annotations = {
    'kubectl.kubernetes.io/last-applied-configuration': 'with the key',
    'a/b': 'c',
    'fairway.dev/x': 'y',
  };
  const decoded = decode(manifest('Secret', { type: 'kubernetes.io/tls', data }, { annotations }));
  assert.ok(decoded.outcome === 'object');
  assert.deepEqual(decoded.object.annotations, { 'fairway.dev/x': 'y' });
});
