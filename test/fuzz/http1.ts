/**
 * Looks for requests that we would forward and that others read otherwise, node:http and, where they are installed, nginx
 * and haproxy, for as long as it is told.
 * Usage: node test/fuzz/http1.ts [seconds] [seed]. What it finds is saved in test/fuzz/corpus and fails `make test`.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { disagreementOn, forwardedOf } from '../support/http1-agreement.ts';
import { goodVectors, vectors } from '../support/http1-vectors.ts';
import { refusals, startReaders } from './readers.ts';

const seconds = Number(process.argv[2] ?? 30);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const corpus = new URL('corpus/', import.meta.url);

const seeds = [
  ...[...vectors, ...goodVectors].map(({ input }) => input).filter((input) => input.length < 2000),
  ...readdirSync(corpus).map((name) => readFileSync(new URL(name, corpus)).toString('latin1')),
];
const fragments = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '"',
  '\0',
  '\x0b',
  '\x7f',
  '\xff',
  '#',
  '\\',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: websocket\r\n',
  'Expect: 100-continue\r\n',
  'Host: a\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/1.0',
  'chunked',
  '-',
  '+',
  '0x',
  'f',
  '00000000',
];

let state = seed >>> 0 || 1;
/** xorshift32: the same seed gives the same inputs. */
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % below;
}

function pick<T>(list: readonly T[]): T {
  const one = list[random(list.length)];
  if (one === undefined) throw new Error('empty list');
  return one;
}

function mutated(text: string): string {
  let changed = text;
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(changed.length + 1);
    const length = random(8);
    switch (random(6)) {
      case 0:
        changed = changed.slice(0, at) + pick(fragments) + changed.slice(at);
        break;
      case 1:
        changed = changed.slice(0, at) + changed.slice(at + length);
        break;
      case 2:
        changed = changed.slice(0, at) + String.fromCharCode(random(256)) + changed.slice(at + 1);
        break;
      case 3:
        changed += pick(seeds);
        break;
      case 4:
        changed = changed.slice(0, at) + changed.slice(at, at + 20) + changed.slice(at);
        break;
      default:
        changed = changed.slice(0, at) + pick(fragments) + changed.slice(at + length);
    }
  }
  return changed.slice(0, 4000);
}

const folder = mkdtempSync(join(tmpdir(), 'fairway-fuzz-'));
const readers = await startReaders(folder);
/** Connections that each of them was shown. */
let shown = 0;

/** What one of the other proxies reads otherwise. */
async function otherReading(input: Buffer): Promise<string | undefined> {
  for (const { bytes, requests } of forwardedOf(input)) {
    shown += 1;
    const all = await Promise.all(readers.map((reader) => reader.disagrees(bytes, requests)));
    const difference = all.find((one) => one !== undefined);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

let executions = 0;
let findings = 0;
const end = performance.now() + seconds * 1000;
while (performance.now() < end) {
  const input = Buffer.from(mutated(pick(seeds)), 'latin1');
  executions += 1;
  const difference = (await disagreementOn(input)) ?? (await otherReading(input));
  if (difference === undefined) continue;
  findings += 1;
  const name = `found-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`;
  writeFileSync(new URL(name, corpus), input);
  console.log(`${name}: ${difference}\n  ${JSON.stringify(input.toString('latin1'))}`);
  if (findings >= 10) break;
}
console.log(`fuzz: ${executions} inputs in ${seconds} s, seed ${seed}, ${findings} findings`);
for (const reader of readers) {
  console.log(`fuzz: ${reader.name} was shown ${shown} connections and refused ${refusals.get(reader.name) ?? 0}`);
  await reader.stop();
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = findings === 0 ? 0 : 1;
