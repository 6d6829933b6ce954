import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { listenerId } from '../../../src/model/ids.ts';
import type { ListenerSocket } from '../../../src/supervisor/socket-sharing.ts';
import { SocketSharing } from '../../../src/supervisor/socket-sharing.ts';
import type { SocketHandle } from '../../../src/supervisor/sockets.ts';

/** A socket as far as sharing looks at one. */
function socketOf(number: number, owner: number | undefined, id = 'http'): ListenerSocket {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only passed on
  const handle = { number } as unknown as SocketHandle;
  const bound = { address: '127.0.0.1', port: 80, handle, close: () => undefined };
  return { id: listenerId(id), number, owner, bound };
}

/** Numbers of the sockets that each worker has, as the messages say, and what happened since it was last asked. */
class Workers {
  readonly sharing: SocketSharing;
  readonly held: Set<number>[];
  #said: string[] = [];

  constructor(count: number) {
    this.held = Array.from({ length: count }, () => new Set());
    this.sharing = new SocketSharing({
      workers: count,
      send: (index, message, handle) => {
        if (message.kind === 'listener') {
          assert.deepEqual(handle, { number: message.socket });
          assert.equal(this.held[index]?.has(message.socket), false, 'sent twice');
          this.held[index]?.add(message.socket);
          this.#said.push(`${index}+${message.socket}`);
        } else if (message.kind === 'close-listener') {
          assert.equal(this.held[index]?.delete(message.socket), true, 'taken from one that has it not');
          this.#said.push(`${index}-${message.socket}`);
        }
      },
      onStandIn: ({ number, owner }, index) => this.#said.push(`${index} for ${owner} on ${number}`),
    });
  }

  get said(): readonly string[] {
    const said = this.#said;
    this.#said = [];
    return said;
  }

  /** The worker accepts on all that it has. */
  accept(index: number): void {
    for (const number of this.held[index] ?? []) this.sharing.accepts(index, number);
  }

  die(index: number): void {
    this.held[index]?.clear();
    this.sharing.gone(index);
  }
}

/** Workers that serve, each on its own socket: worker 0 on 1, worker 1 on 2, and so on. */
function serving(count: number): Workers {
  const workers = new Workers(count);
  workers.sharing.set(Array.from({ length: count }, (_, at) => socketOf(at + 1, at)));
  for (let at = 0; at < count; at += 1) workers.sharing.serves(at);
  for (let at = 0; at < count; at += 1) workers.accept(at);
  return workers;
}

test('each worker gets its own socket when it serves a snapshot, and nobody stands in at the start', () => {
  const workers = new Workers(2);
  workers.sharing.set([socketOf(1, 0), socketOf(2, 1), socketOf(3, 0, 'https'), socketOf(4, 1, 'https')]);
  assert.deepEqual(workers.said, []);
  workers.sharing.serves(1);
  assert.deepEqual(workers.said, ['1+2', '1+4']);
  workers.sharing.accepts(1, 2);
  assert.equal(workers.sharing.isServing(1), false);
  workers.sharing.accepts(1, 4);
  assert.equal(workers.sharing.isServing(1), true);
  workers.sharing.serves(0);
  assert.deepEqual(workers.said, ['0+1', '0+3']);
});

test('a socket without an owner is for all', () => {
  const workers = new Workers(2);
  workers.sharing.set([socketOf(1, undefined)]);
  workers.sharing.serves(0);
  workers.sharing.serves(1);
  assert.deepEqual(workers.said, ['0+1', '1+1']);
  workers.accept(0);
  workers.accept(1);
  workers.die(1);
  workers.sharing.serves(1);
  assert.deepEqual(workers.said, ['1+1']);
});

test('a worker that dies has a stand-in until its successor accepts', () => {
  const workers = serving(2);
  assert.deepEqual(workers.said, ['0+1', '1+2']);
  workers.die(1);
  assert.deepEqual(workers.said, ['0 for 1 on 2', '0+2']);
  workers.sharing.serves(1);
  assert.deepEqual(workers.said, ['1+2']);
  workers.sharing.accepts(1, 2);
  assert.deepEqual(workers.said, ['0-2']);
});

test('a worker that is silent has one as well, and keeps its socket', () => {
  const workers = serving(3);
  assert.equal(workers.said.length, 3);
  workers.sharing.silent(0);
  assert.deepEqual(workers.said, ['1 for 0 on 1', '1+1']);
  workers.sharing.speaks(0);
  assert.deepEqual(workers.said, ['1-1']);
});

test('a worker that leaves has one before it is gone', () => {
  const workers = serving(2);
  assert.equal(workers.said.length, 2);
  workers.sharing.leaves(0);
  assert.deepEqual(workers.said, ['1 for 0 on 1', '1+1']);
  workers.die(0);
  assert.deepEqual(workers.said, []);
});

test('when the stand-in fails another one takes over; the burden is shared out', () => {
  const workers = serving(4);
  assert.equal(workers.said.length, 4);
  workers.die(0);
  workers.sharing.silent(1);
  // The first stood in for worker 0; its tasks go to those that have none yet.
  assert.deepEqual(workers.said, ['1 for 0 on 1', '1+1', '2 for 0 on 1', '3 for 1 on 2', '1-1', '2+1', '3+2']);
});

test('when nobody is there the sockets wait for the first that is', () => {
  const workers = serving(2);
  workers.die(0);
  workers.die(1);
  assert.equal(workers.said.at(-1), '1+1');
  workers.sharing.serves(0);
  assert.deepEqual(workers.said, ['0 for 1 on 2', '0+1', '0+2']);
});

test('sockets that go are closed by all, and new ones are passed', () => {
  const workers = serving(2);
  workers.die(1);
  assert.equal(workers.said.at(-1), '0+2');
  workers.sharing.set([socketOf(8, 0), socketOf(9, 1)]);
  assert.deepEqual(workers.said, ['0+8', '0-1', '0-2']);
});

test('in a drain nothing is passed on any more', () => {
  const workers = serving(2);
  assert.equal(workers.said.length, 2);
  workers.sharing.stop();
  workers.die(1);
  assert.deepEqual(workers.said, []);
});

type Step = readonly ['serves' | 'accepts' | 'silent' | 'speaks' | 'leaves' | 'dies', number];

test('whatever happens, a socket that was opened has a worker that answers, if there is one', () => {
  const count = 3;
  const steps = fc.array(
    fc.tuple(
      fc.constantFrom<Step[0]>('serves', 'accepts', 'silent', 'speaks', 'leaves', 'dies'),
      fc.nat({ max: count - 1 }),
    ),
    { maxLength: 60 },
  );
  fc.assert(fc.property(steps, (events) => keepsAnswering(count, events)));
});

function keepsAnswering(count: number, events: readonly Step[]): void {
  const workers = new Workers(count);
  workers.sharing.set(Array.from({ length: count }, (_, at) => socketOf(at + 1, at)));
  const states = Array.from({ length: count }, () => 'absent');
  const opened = new Set<number>();
  for (const [what, index] of events) {
    step(workers, states, [what, index]);
    if (what === 'accepts') for (const number of workers.held[index] ?? []) opened.add(number);
    const present = workers.held.filter((_, at) => states[at] === 'present');
    for (const number of opened) {
      const answering = present.filter((held) => held.has(number)).length;
      assert.ok(present.length === 0 || answering > 0, `nobody accepts on ${number} after ${what} of ${index}`);
      // Its own and one stand-in.
      assert.ok(answering <= 2);
    }
  }
}

function step({ held, sharing }: Workers, states: string[], [what, index]: Step): void {
  const state = states[index];
  switch (what) {
    case 'serves':
      if (state === 'absent') states[index] = 'present';
      return sharing.serves(index);
    case 'accepts':
      for (const number of held[index] ?? []) sharing.accepts(index, number);
      return;
    case 'silent':
      if (state === 'present') states[index] = 'silent';
      return sharing.silent(index);
    case 'speaks':
      if (state === 'silent') states[index] = 'present';
      return sharing.speaks(index);
    case 'leaves':
      states[index] = 'leaving';
      return sharing.leaves(index);
    case 'dies':
      states[index] = 'absent';
      held[index]?.clear();
      return sharing.gone(index);
  }
}
