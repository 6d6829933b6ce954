import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { suite, test } from 'node:test';

import { checkPair } from '../../../../src/control/certificates/check.ts';
import { makeCertificate, pem } from '../../../support/test-certificates.ts';
import type { TestCertificate } from '../../../support/test-certificates.ts';

function accepted(chain: string, key: string) {
  const check = checkPair('shop/tls', chain, key);
  assert.equal(check.kind, 'certificate', check.kind === 'invalid' ? check.why : '');
  assert.ok(check.kind === 'certificate');
  return check;
}

function refused(chain: string, key: string): string {
  const check = checkPair('shop/tls', chain, key);
  assert.ok(check.kind === 'invalid', 'expected the pair to be refused');
  assert.match(check.fix, /\.$/);
  return check.why;
}

function count(text: string): number {
  return text.split('-----BEGIN CERTIFICATE-----').length - 1;
}

const root = makeCertificate({ commonName: 'Test Root', isAuthority: true });
const intermediate = makeCertificate({ commonName: 'Test Intermediate', isAuthority: true, issuer: root });
const leaf = makeCertificate({ names: ['shop.example.com'], issuer: intermediate });

suite('certificates that are served', () => {
  for (const keyType of ['rsa', 'ecdsa', 'ed25519'] as const) {
    test(`a key of type ${keyType}`, () => {
      const one = makeCertificate({ names: ['Shop.example.com', '*.example.com'], keyType, serialNumber: '00ff01' });
      const { certificate, remarks } = accepted(one.certificate, one.key);
      assert.deepEqual(remarks, []);
      assert.deepEqual(certificate.names, ['shop.example.com', '*.example.com']);
      assert.equal(certificate.keyAlgorithm, { rsa: 'RSA', ecdsa: 'ECDSA', ed25519: 'Ed25519' }[keyType]);
      assert.equal(certificate.serialNumber, String(0xff01));
      assert.match(certificate.id, /^shop\/tls@[0-9a-f]{16}$/);
      assert.equal(certificate.source, 'shop/tls');
    });
  }

  test('a chain as cert-manager writes it, leaf first', () => {
    const { certificate, remarks } = accepted(leaf.certificate + intermediate.certificate, leaf.key);
    assert.deepEqual(remarks, []);
    assert.equal(certificate.chainPem, leaf.certificate + intermediate.certificate);
    assert.equal(certificate.issuerCommonName, 'Test Intermediate');
    assert.equal(certificate.issuer, 'CN=Test Intermediate');
  });

  test('a chain in the wrong order is put right, and that is said', () => {
    const { certificate, remarks } = accepted(root.certificate + intermediate.certificate + leaf.certificate, leaf.key);
    assert.equal(certificate.chainPem, leaf.certificate + intermediate.certificate + root.certificate);
    assert.match(remarks[0]?.why ?? '', /first certificate/);
  });

  test('intermediates in the wrong order are put right, and that is said', () => {
    const { certificate, remarks } = accepted(leaf.certificate + root.certificate + intermediate.certificate, leaf.key);
    assert.equal(certificate.chainPem, leaf.certificate + intermediate.certificate + root.certificate);
    assert.match(remarks[0]?.why ?? '', /intermediates/);
  });

  test('a foreign certificate behind a right chain stays', () => {
    const foreign = makeCertificate({ commonName: 'Cross', isAuthority: true });
    const { certificate, remarks } = accepted(leaf.certificate + foreign.certificate, leaf.key);
    assert.equal(count(certificate.chainPem), 2);
    assert.deepEqual(remarks, []);
  });

  test('text around the blocks, and blocks that stick together, do no harm', () => {
    const chain = `subject=x\n${leaf.certificate.trimEnd()}${intermediate.certificate}\ntrailing junk`;
    const { certificate, remarks } = accepted(chain, `junk\n${leaf.key}junk`);
    assert.equal(certificate.chainPem, leaf.certificate + intermediate.certificate);
    assert.deepEqual(remarks, []);
  });

  test('an intermediate that cannot be read is left out, and that is said', () => {
    const broken = pem('CERTIFICATE', Buffer.from('no certificate at all'));
    const { certificate, remarks } = accepted(leaf.certificate + broken, leaf.key);
    assert.equal(certificate.chainPem, leaf.certificate);
    assert.match(remarks[0]?.why ?? '', /1 of the blocks/);
  });

  test('a block without end is left out, and that is said', () => {
    const { certificate, remarks } = accepted(`-----BEGIN CERTIFICATE-----\nAAAA\n${leaf.certificate}`, leaf.key);
    assert.equal(certificate.chainPem, leaf.certificate);
    assert.match(remarks[0]?.why ?? '', /1 of the blocks/);
  });

  test('an expired one, and one that is not yet valid: the dates are in the data', () => {
    const expired = makeCertificate({
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2021-01-01T00:00:00Z'),
    });
    assert.equal(accepted(expired.certificate, expired.key).certificate.notAfter, Date.UTC(2021, 0) / 1000);
    const future = makeCertificate({
      notBefore: new Date('2099-01-01T00:00:00Z'),
      notAfter: new Date('2100-01-01T00:00:00Z'),
    });
    assert.equal(accepted(future.certificate, future.key).certificate.notBefore, Date.UTC(2099, 0) / 1000);
  });

  test('the common name counts only without alternative names', () => {
    const named = makeCertificate({ commonName: 'Old.Example.com' });
    assert.deepEqual(accepted(named.certificate, named.key).certificate.names, ['old.example.com']);
    const both = makeCertificate({ commonName: 'old.example.com', names: ['new.example.com'] });
    assert.deepEqual(accepted(both.certificate, both.key).certificate.names, ['new.example.com']);
  });

  test('an alternative name with a comma does not become another name', () => {
    const odd = makeCertificate({ names: ['a.example.com, DNS:stolen.example.com', 'b.example.com'] });
    assert.deepEqual(accepted(odd.certificate, odd.key).certificate.names, ['b.example.com']);
  });

  test('keys in the older forms, with EC PARAMETERS in front', () => {
    const ec = createPrivateKey(leaf.key).export({ type: 'sec1', format: 'pem' });
    const parameters = pem('EC PARAMETERS', Buffer.from('06082a8648ce3d030107', 'hex'));
    accepted(leaf.certificate, parameters + ec);
    const rsa = makeCertificate({ keyType: 'rsa' });
    const { certificate } = accepted(
      rsa.certificate,
      createPrivateKey(rsa.key).export({ type: 'pkcs1', format: 'pem' }),
    );
    assert.equal(certificate.keyPem, rsa.key);
  });

  test('another content is another id, the same content the same', () => {
    const id = (one: TestCertificate): string => accepted(one.certificate, one.key).certificate.id;
    assert.equal(id(leaf), id(leaf));
    assert.notEqual(id(leaf), id(makeCertificate({ names: ['shop.example.com'] })));
  });
});

suite('certificates that are refused, with the reason', () => {
  test('nothing there', () => {
    assert.match(refused('', leaf.key), /`tls.crt` is empty/);
    assert.match(refused(leaf.certificate, ' \n'), /`tls.key` is empty/);
  });

  test('no PEM, and PEM of something else', () => {
    assert.match(refused('garbage', leaf.key), /no certificate in PEM/);
    assert.match(refused(leaf.key, leaf.key), /no certificate in PEM/);
    assert.match(refused(leaf.certificate, leaf.certificate), /no private key in PEM/);
  });

  test('blocks that hold garbage or never end', () => {
    assert.match(refused(pem('CERTIFICATE', Buffer.from('nonsense')), leaf.key), /cannot be read/);
    assert.match(refused('-----BEGIN CERTIFICATE-----\nAAAA', leaf.key), /cannot be read/);
    assert.match(
      refused(leaf.certificate, pem('PRIVATE KEY', Buffer.from('nonsense'))),
      /key in `tls.key` cannot be read/,
    );
  });

  test('a key that belongs to another certificate', () => {
    assert.match(refused(leaf.certificate, intermediate.key), /does not belong/);
  });

  test('a key with a password, in both forms', () => {
    const pkcs8 = leaf.keyObject.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
    assert.match(refused(leaf.certificate, pkcs8), /encrypted/);
    const sec1 = leaf.keyObject.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
    assert.match(refused(leaf.certificate, sec1), /encrypted/);
  });

  test('what OpenSSL does not take for TLS', () => {
    const weak = makeCertificate({ keyType: 'rsa', rsaBits: 512 });
    assert.match(refused(weak.certificate, weak.key), /OpenSSL refuses the certificate \(ee key too small\)/);
  });

  test('more than a Secret can hold, and a bundle of authorities', () => {
    assert.match(refused(leaf.certificate + ' '.repeat(1024 * 1024), leaf.key), /1 MiB/);
    assert.match(refused(leaf.certificate.repeat(101), leaf.key), /101 certificates/);
  });
});

test('text made to be slow is not', () => {
  const started = performance.now();
  const half = 500_000;
  for (const text of [
    ' '.repeat(2 * half),
    '-----BEGIN CERTIFICATE-----'.repeat(35_000),
    `-----BEGIN CERTIFICATE-----${'\n\n'.repeat(half - 100)}`,
    `-----BEGIN CERTIFICATE-----${'-'.repeat(2 * half)}`,
    `-----BEGIN CERTIFICATE-----\n${'A'.repeat(2 * half)}\n-----END CERTIFICATE-----`,
    `-----BEGIN CERTIFICATE-----\n${'a: b\n'.repeat(200_000)}-----END CERTIFICATE-----`,
  ]) {
    refused(text, leaf.key);
    refused(leaf.certificate, text.replaceAll('CERTIFICATE', 'PRIVATE KEY'));
  }
  // Generous: what is feared takes minutes.
  assert.ok(performance.now() - started < 20_000);
});

test('no message shows a part of the key', () => {
  const secret = 'MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCB';
  for (const key of [
    secret,
    pem('PRIVATE KEY', Buffer.from(secret)),
    `-----BEGIN PRIVATE KEY-----\n${secret}!\n-----END PRIVATE KEY-----`,
  ]) {
    const check = checkPair('shop/tls', leaf.certificate, key);
    assert.ok(!JSON.stringify(check).includes(secret.slice(0, 12)));
  }
});
