import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { SocketInput } from '../../../src/lib/socket-input.ts';

/** What a socket does with its input: asks for a buffer, fills it, asks for the next. */
class Reader {
  readonly input = new SocketInput();
  readonly #options = this.input.options;
  #buffer: Uint8Array = this.#next();

  /** One read that fills the buffer to this length, or whole. @returns the buffer, and that of the next read */
  read(bytes: number | 'full'): { readonly filled: Uint8Array; readonly next: Uint8Array } {
    const filled = this.#buffer;
    this.#options.callback(bytes === 'full' ? filled.length : bytes, filled);
    this.#buffer = this.#next();
    return { filled, next: this.#buffer };
  }

  /** One read of this text. */
  text(text: string): void {
    Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset).write(text, 'latin1');
    this.read(text.length);
  }

  #next(): Uint8Array {
    const { buffer } = this.#options;
    return typeof buffer === 'function' ? buffer() : buffer;
  }
}

test('heads come in one buffer that all share', () => {
  const [one, other] = [new Reader(), new Reader()];
  const first = one.read(100);
  assert.equal(first.next, first.filled);
  assert.equal(other.read(100).filled, first.filled);
});

test('a buffer whose bytes are still needed is never filled again', () => {
  const reader = new Reader();
  const filled = new Set<Uint8Array>();
  reader.input.onInput = (_bytes, _from, to, shared) => {
    reader.input.expectMore(to);
    if (filled.size === 0) assert.equal(shared, true);
  };
  for (let round = 0; round < 4; round += 1) {
    const read = reader.read('full');
    assert.equal(filled.has(read.filled), false);
    filled.add(read.filled);
    assert.equal(read.next.length, 64 * 1024);
  }
});

test('a buffer whose bytes are gone is used again, and grows while reads fill it', () => {
  const reader = new Reader();
  reader.input.onInput = (_bytes, _from, to) => {
    reader.input.expectMore(to);
    reader.input.reuse();
  };
  const own = reader.read('full').next;
  assert.equal(reader.read(20_000).next, own);
  const large = reader.read('full').next;
  assert.equal(large.length, 256 * 1024);
  assert.equal(reader.read(200_000).next, large);
  reader.input.onInput = (_bytes, _from, to) => reader.input.expectMore(to);
  assert.equal(reader.read('full').next.length, 64 * 1024);
});

test('a large buffer that came back serves the next connection, and only one', () => {
  const grow = (reader: Reader): Uint8Array => {
    reader.input.onInput = (_bytes, _from, to) => {
      reader.input.expectMore(to);
      reader.input.reuse();
    };
    reader.read('full');
    return reader.read('full').next;
  };
  const first = new Reader();
  const large = grow(first);
  first.input.onInput = () => {
    first.input.expectHead();
    first.input.reuse();
  };
  assert.notEqual(first.read(100).next, large);
  assert.equal(grow(new Reader()), large);
  assert.notEqual(grow(new Reader()), large);
});

test('small reads are handled at the end of the turn, with the bytes that they had', async () => {
  const got: string[] = [];
  const readers = ['a', 'b', 'c'].map((name) => {
    const reader = new Reader();
    reader.input.onInput = (bytes, from, to, shared) =>
      void got.push(`${name} ${bytes.toString('latin1', from, to)} ${shared}`);
    return reader;
  });
  const write = (at: number, text: string): void => {
    const reader = readers[at];
    reader?.text(text);
  };
  write(0, 'one');
  write(1, 'two');
  // A second read of the same socket does not overtake the first one.
  write(0, 'three');
  assert.deepEqual(got, ['a one true']);
  write(2, 'four');
  readers[2]?.input.settle();
  readers[2]?.input.settle();
  assert.deepEqual(got, ['a one true', 'c four true']);
  await nextTurn();
  assert.deepEqual(got.toSorted(), ['a one true', 'a three true', 'b two true', 'c four true']);
});

test('a large read does not wait', () => {
  const reader = new Reader();
  const got: string[] = [];
  reader.input.onInput = (bytes, from, to) => void got.push(bytes.toString('latin1', from, to).slice(0, 3));
  reader.text('abc');
  reader.text('x'.repeat(5000));
  assert.deepEqual(got, ['abc', 'xxx']);
});

test('one input that throws loses nothing of the others', async (t) => {
  const [bad, good] = [new Reader(), new Reader()];
  let got = '';
  const thrown = new Promise<unknown>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  bad.input.onInput = () => {
    throw new Error('bug');
  };
  good.input.onInput = (bytes, from, to) => void (got += bytes.toString('latin1', from, to));
  bad.text('a');
  good.text('b');
  await thrown;
  good.text('c');
  await nextTurn();
  assert.equal(got, 'bc');
});
