import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { CidrSet, isCidr, parseAddress, plainAddress } from '../../../src/lib/cidr.ts';

test('addresses are inside the networks that hold them', () => {
  const set = new CidrSet(['10.0.0.0/8', '192.0.2.7', '2001:db8::/33', '::1', 'not an address', '1.2.3.4/33']);
  for (const inside of ['10.255.0.1', '192.0.2.7', '2001:db8:7fff::1', '::1', '::ffff:10.1.1.1'])
    assert.ok(set.has(inside), inside);
  for (const outside of ['11.0.0.1', '192.0.2.8', '2001:db8:8000::1', '::2', '', 'x', '1.2.3.4'])
    assert.ok(!set.has(outside), outside);
});

test('a network of IPv4 holds no other IPv6 address', () => {
  assert.ok(!new CidrSet(['0.0.0.0/0']).has('2001:db8::1'));
  assert.ok(new CidrSet(['0.0.0.0/0']).has('203.0.113.9'));
  assert.ok(new CidrSet(['::/0']).has('203.0.113.9'));
});

test('texts that are no network are told apart', () => {
  for (const text of ['10.0.0.0/8', '10.0.0.1', '::/0', 'fe80::1%eth0', '::ffff:1.2.3.4/96'])
    assert.ok(isCidr(text), text);
  for (const text of ['10.0.0.0/33', '10.0.0/8', '::/129', '/8', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '']) {
    assert.ok(!isCidr(text), text);
  }
});

test('IPv4 inside IPv6 is printed as IPv4', () => {
  assert.equal(plainAddress('::ffff:1.2.3.4'), '1.2.3.4');
  assert.equal(plainAddress('::ffff:0102:0304'), '::ffff:0102:0304');
  assert.deepEqual(parseAddress('::ffff:1.2.3.4'), parseAddress('::ffff:0102:0304'));
});

test('an address is inside every network of its own bits', () => {
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(addresses, fc.nat(128), (address, bits) => {
      fc.pre(bits <= (address.includes(':') ? 128 : 32));
      assert.ok(new CidrSet([`${address}/${bits}`]).has(address));
    }),
  );
});
