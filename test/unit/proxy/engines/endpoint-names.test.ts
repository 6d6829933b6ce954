import assert from 'node:assert/strict';
import type { RecordWithTtl } from 'node:dns';
import { test } from 'node:test';

import { EndpointNames, isDeniedAddress } from '../../../../src/proxy/engines/http-proxy/endpoint-names.ts';

/** A resolver that answers from a table and can break; it counts what it was asked. */
function resolver(): {
  records: RecordWithTtl[];
  broken: boolean;
  asked: number;
  resolve4: never;
  resolve6: never;
} {
  const fake = {
    records: [] as RecordWithTtl[],
    broken: false,
    asked: 0,
    resolve4: () => {
      fake.asked += 1;
      return fake.broken ? Promise.reject(new Error('SERVFAIL')) : Promise.resolve(fake.records);
    },
    resolve6: () => Promise.reject(new Error('ENODATA')),
  };
  return fake as never;
}

for (const address of [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '169.254.169.254',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  '64:ff9b::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
]) {
  test(`a name that leads to ${address} leads nowhere`, () => assert.equal(isDeniedAddress(address), true));
}

for (const address of [
  '10.255.254.253',
  '192.0.2.1',
  '8.8.8.8',
  '2001:db8::1',
  '64:ff9b::808:808',
  '::ffff:10.255.254.253',
]) {
  test(`a name that leads to ${address} is followed`, () => assert.equal(isDeniedAddress(address), false));
}

test('addresses are remembered for their time to live, at least 5 and at most 60 seconds', async () => {
  const fake = resolver();
  let now = 0;
  const names = new EndpointNames(fake, () => now);
  for (const [ttl, lastsMs] of [
    [0, 5_000],
    [30, 30_000],
    [3600, 60_000],
  ] as const) {
    now += 1_000_000;
    fake.asked = 0;
    fake.records = [{ address: '192.0.2.1', ttl }];
    await names.addressesOf('a.test');
    now += lastsMs - 1;
    await names.addressesOf('a.test');
    assert.equal(fake.asked, 1);
    now += 1;
    await names.addressesOf('a.test');
    assert.equal(fake.asked, 2);
  }
});

test('a name goes on with its last addresses while DNS is down, for an hour', async () => {
  const fake = resolver();
  let now = 0;
  const names = new EndpointNames(fake, () => now);
  fake.records = [{ address: '192.0.2.1', ttl: 10 }];
  await names.addressesOf('a.test');
  fake.broken = true;
  now = 3_599_000;
  assert.deepEqual(await names.addressesOf('a.test'), ['192.0.2.1']);
  now = 3_601_000;
  await assert.rejects(names.addressesOf('a.test'), /no address/);
});

test('refused addresses are left out; a name with no other has none', async () => {
  const fake = resolver();
  const names = new EndpointNames(fake, () => 0);
  fake.records = [
    { address: '127.0.0.1', ttl: 10 },
    { address: '192.0.2.1', ttl: 10 },
  ];
  assert.deepEqual(await names.addressesOf('a.test'), ['192.0.2.1']);
  fake.records = [{ address: '169.254.169.254', ttl: 10 }];
  await assert.rejects(names.addressesOf('b.test'), { code: 'EDENIED' });
});

test('questions for one name at the same time are one question', async () => {
  const fake = resolver();
  const names = new EndpointNames(fake, () => 0);
  fake.records = [{ address: '192.0.2.1', ttl: 10 }];
  await Promise.all(Array.from({ length: 10 }, () => names.addressesOf('a.test')));
  assert.equal(fake.asked, 1);
});
