import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, mkdtemp, open, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';

import { ObjectStore } from '../../../../../src/control/objects/object-store.ts';
import { DirectorySource } from '../../../../../src/control/sources/directory/directory.ts';
import type { DirectoryOptions } from '../../../../../src/control/sources/directory/directory.ts';
import { watchedObjects } from '../../../../../src/control/sources/directory/watched.ts';
import { keyOf } from '../../../../../src/model/object-ref.ts';
import { defaultSettings } from '../../../../../src/settings/table-access.ts';
import { waitForStore } from '../../../../support/wait-for.ts';

/** A folder with a source that follows it into a store. */
class Followed {
  readonly root: string;
  readonly store = new ObjectStore();
  /** Names of Services that were missing at some moment after they were first seen. */
  readonly lost = new Set<string>();
  readonly #seen = new Set<string>();

  constructor(root: string) {
    this.root = root;
    this.store.onChange(() => {
      const now = new Set(this.store.list('Service').map((one) => one.name));
      for (const name of now) this.#seen.add(name);
      for (const name of this.#seen) if (!now.has(name)) this.lost.add(name);
    });
  }

  path(file: string): string {
    return join(this.root, file);
  }

  async write(file: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(file)), { recursive: true });
    await writeFile(this.path(file), text);
  }

  port(name: string): number | undefined {
    return this.store.get('Service', 'default', name)?.ports[0]?.port;
  }

  names(): string[] {
    return this.store.list('Service').map((one) => one.name);
  }

  codes(): string[] {
    return this.store.diagnostics().map((one) => `${one.code} ${one.object.name}`);
  }

  async until(what: string, isThere: () => boolean): Promise<void> {
    await waitForStore(this.store, what, isThere);
  }

  /** Waits until the source has looked at the folder as it is now. */
  async looked(): Promise<void> {
    const name = `mark-${performance.now().toString().replace('.', '-')}`;
    await this.write(`zz-${name}.yaml`, service(name));
    await this.until('the mark', () => this.port(name) !== undefined);
    await unlink(this.path(`zz-${name}.yaml`));
    await this.until('the end of the mark', () => this.port(name) === undefined);
    this.lost.delete(name);
    this.#seen.delete(name);
  }
}

function service(name: string, port = 80): string {
  return `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\nspec:\n  ports:\n    - port: ${port}\n`;
}

/** Starts a source in a new folder with these files, and ends it after `work`. */
async function following(
  files: Readonly<Record<string, string>>,
  work: (folder: Followed) => Promise<void>,
  options: Partial<DirectoryOptions> = {},
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'fairway-directory-'));
  const folder = new Followed(root);
  for (const [file, text] of Object.entries(files)) await folder.write(file, text);
  const stop = new AbortController();
  const ended = new DirectorySource({ directory: root, wall: Date.now, ...options }).run(folder.store, stop.signal);
  try {
    await folder.until('the first reading', () => folder.store.isSynced);
    await work(folder);
  } finally {
    stop.abort();
    await ended;
    await rm(root, { recursive: true, force: true });
  }
}

const deadline = { timeout: 60_000 };

suite('how editors write', () => {
  test('in place', deadline, async () => {
    await following({ 'a.yaml': service('a') }, async (folder) => {
      await folder.write('a.yaml', service('a', 81));
      await folder.until('the new port', () => folder.port('a') === 81);
      assert.deepEqual([...folder.lost], []);
    });
  });

  test('in place with the same length, many times over', deadline, async () => {
    await following({ 'a.yaml': service('a', 10) }, async (folder) => {
      for (let port = 11; port < 99; port += 1) {
        await folder.write('a.yaml', service('a', port));
        // Some of the writes meet a reading, some do not: only the last one must not be missed.
        if (port % 20 === 0) await folder.until('a port in between', () => folder.port('a') === port);
      }
      await folder.until('the last port', () => folder.port('a') === 98);
      assert.deepEqual([...folder.lost], []);
    });
  });

  test('by a temporary file that is renamed over the old one', deadline, async () => {
    await following({ 'a.yaml': service('a') }, async (folder) => {
      for (const temporary of ['.a.yaml.swp', 'a.yaml.tmp', '.tmp/a.yaml']) {
        const port = (folder.port('a') ?? 0) + 1;
        await folder.write(temporary, service('a', port));
        await rename(folder.path(temporary), folder.path('a.yaml'));
        await folder.until('the new port', () => folder.port('a') === port);
      }
      assert.deepEqual([...folder.lost], []);
      assert.deepEqual(folder.codes(), []);
    });
  });

  test('by a backup that is renamed away first', deadline, async () => {
    await following({ 'a.yaml': service('a') }, async (folder) => {
      await rename(folder.path('a.yaml'), folder.path('a.yaml~'));
      await folder.write('a.yaml', service('a', 81));
      await unlink(folder.path('a.yaml~'));
      // For a moment there is no such file: whether it is seen is a matter of luck, and the object comes back.
      await folder.until('the new port', () => folder.port('a') === 81);
    });
  });

  test('slowly: emptied first, then half, then whole', deadline, async () => {
    const times = { quietMs: 50, longestMs: 500, rescanMs: 10_000, alertMs: 1000, emptyMs: 60_000 };
    await following(
      { 'a.yaml': service('a'), 'b.yaml': service('b') },
      async (folder) => {
        const file = await open(folder.path('a.yaml'), 'w');
        await folder.looked();
        assert.deepEqual(folder.names(), ['a', 'b']);
        await file.write('apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec: {ports: [{port: 81');
        await folder.until('a diagnostic', () => folder.codes().length > 0);
        assert.deepEqual(folder.codes(), ['file-unreadable a.yaml']);
        assert.deepEqual([folder.port('a'), folder.port('b')], [80, 80]);
        await file.write('}]}\n');
        await file.close();
        await folder.until('the new port', () => folder.port('a') === 81);
        assert.deepEqual(folder.codes(), []);
        assert.deepEqual([...folder.lost], []);
      },
      { times },
    );
  });

  test('an emptied file that stays empty counts as empty after a moment', deadline, async () => {
    await following({ 'a.yaml': service('a'), 'b.yaml': service('b') }, async (folder) => {
      await folder.write('a.yaml', '# nothing left\n');
      await folder.until('the end of a', () => folder.port('a') === undefined);
      assert.deepEqual(folder.names(), ['b']);
    });
  });

  test('deleted', deadline, async () => {
    await following({ 'a.yaml': service('a'), 'b.yaml': service('b') }, async (folder) => {
      await unlink(folder.path('a.yaml'));
      await folder.until('the end of a', () => folder.port('a') === undefined);
      assert.deepEqual(folder.names(), ['b']);
    });
  });

  test('a writer that never rests does not keep its changes from being seen', deadline, async () => {
    await following({ 'a.yaml': service('a') }, async (folder) => {
      const log = createWriteStream(folder.path('noise.txt'));
      const timer = setInterval(() => log.write('x'), 5);
      try {
        await folder.write('a.yaml', service('a', 81));
        await folder.until('the new port', () => folder.port('a') === 81);
      } finally {
        clearInterval(timer);
        log.end();
        await once(log, 'close');
      }
    });
  });
});

suite('broken files', () => {
  test('a broken file changes nothing else and keeps what it said', deadline, async () => {
    await following({ 'a.yaml': service('a'), 'b.yaml': service('b') }, async (folder) => {
      const b = folder.store.get('Service', 'default', 'b');
      await folder.write('a.yaml', 'apiVersion: v1\nkind: Secret\nstringData: {password: "hunter2\n');
      await folder.until('a diagnostic', () => folder.codes().length > 0);
      const [diagnostic] = folder.store.diagnostics();
      assert.deepEqual(diagnostic?.object, { kind: 'File', namespace: '', name: 'a.yaml' });
      assert.ok(!JSON.stringify(diagnostic).includes('hunter2'));
      assert.deepEqual(folder.names(), ['a', 'b']);
      assert.equal(folder.store.get('Service', 'default', 'b'), b);
      await folder.write('a.yaml', service('a', 81));
      await folder.until('the mended file', () => folder.port('a') === 81 && folder.codes().length === 0);
    });
  });

  test('a file that is broken from the start does not keep the others from being read', deadline, async () => {
    await following({ 'a.yaml': '{', 'b.yaml': service('b'), 'c.yaml': '\u0000', 'd.json': '{' }, async (folder) => {
      assert.deepEqual(folder.names(), ['b']);
      assert.deepEqual(folder.codes(), ['file-unreadable a.yaml', 'file-unreadable c.yaml', 'file-unreadable d.json']);
    });
  });

  test('an object that cannot be read any more goes on as it was', deadline, async () => {
    await following({ 'a.yaml': `${service('a')}---\n${service('b')}` }, async (folder) => {
      await folder.write('a.yaml', `${service('a', 81)}---\n${service('b').replace(/spec:[^]*/, 'spec: []\n')}`);
      await folder.until('the new port', () => folder.port('a') === 81);
      assert.equal(folder.port('b'), 80);
      assert.deepEqual(folder.codes(), ['object-malformed b']);
      await folder.write('a.yaml', `${service('a', 82)}---\nkind: Service\n`);
      await folder.until('the newer port', () => folder.port('a') === 82);
      assert.equal(folder.port('b'), 80);
      await folder.write('a.yaml', service('a', 83));
      await folder.until('the newest port', () => folder.port('a') === 83);
      assert.deepEqual(folder.names(), ['a']);
      assert.deepEqual(folder.codes(), []);
    });
  });

  test('text that is not UTF-8, and files that are too large', deadline, async () => {
    await following({ 'a.yaml': service('a'), 'b.yaml': service('b') }, async (folder) => {
      await appendFile(folder.path('a.yaml'), Buffer.from([0x23, 0xff, 0xfe]));
      await appendFile(folder.path('b.yaml'), `# ${'x'.repeat(8 * 1024 * 1024)}`);
      await folder.until('two diagnostics', () => folder.codes().length === 2);
      assert.deepEqual(folder.codes(), ['file-unreadable a.yaml', 'file-too-large b.yaml']);
      assert.deepEqual(folder.names(), ['a', 'b']);
    });
  });
});

suite('the same object twice', () => {
  test('the first file by name wins, the other is told, and takes over when the first goes', deadline, async () => {
    await following({ 'b.yaml': service('x', 82), 'a.yaml': service('x', 81) }, async (folder) => {
      assert.equal(folder.port('x'), 81);
      const [diagnostic] = folder.store.diagnostics();
      assert.equal(diagnostic?.object.name, 'b.yaml');
      assert.equal(diagnostic?.what, 'Service default/x in `b.yaml` is ignored');
      assert.equal(diagnostic?.why, 'it stands in `a.yaml` as well, which comes first by name');
      await unlink(folder.path('a.yaml'));
      await folder.until('the other one', () => folder.port('x') === 82);
      assert.deepEqual(folder.codes(), []);
      assert.deepEqual([...folder.lost], []);
    });
  });

  test('in one file', deadline, async () => {
    await following({ 'a.yaml': `${service('x', 81)}---\n${service('x', 82)}` }, async (folder) => {
      assert.equal(folder.port('x'), 81);
      assert.deepEqual(folder.codes(), ['object-duplicate a.yaml']);
    });
  });
});

suite('folders', () => {
  test('files of folders in folders, also of new ones', deadline, async () => {
    await following({ 'one/two/a.yml': service('a') }, async (folder) => {
      assert.deepEqual(folder.names(), ['a']);
      await folder.write('new/deep/er/b.yaml', service('b'));
      await folder.until('the new file', () => folder.port('b') === 80);
      await folder.write('new/deep/er/b.yaml', service('b', 81));
      await folder.until('its change', () => folder.port('b') === 81);
      await rm(folder.path('one'), { recursive: true });
      await folder.until('the end of a', () => folder.port('a') === undefined);
      await rename(folder.path('new'), folder.path('renamed'));
      await folder.write('renamed/deep/er/b.yaml', service('b', 82));
      await folder.until('a change in the renamed folder', () => folder.port('b') === 82);
    });
  });

  test('hidden files, other endings and special files are passed over', deadline, async () => {
    await following(
      { '.hidden.yaml': '{', '.git/a.yaml': '{', 'a.yaml~': '{', 'notes.txt': '{', 'x.yaml/inner.yaml': service('a') },
      async (folder) => {
        assert.deepEqual(folder.names(), ['a']);
        assert.deepEqual(folder.codes(), []);
      },
    );
  });

  test('a mounted ConfigMap is replaced by swapping one link', deadline, async () => {
    const root = await mkdtemp(join(tmpdir(), 'fairway-mount-'));
    const folder = new Followed(root);
    const version = async (name: string, files: Readonly<Record<string, string>>): Promise<void> => {
      for (const [file, text] of Object.entries(files)) await folder.write(`${name}/${file}`, text);
      await symlink(name, folder.path('..data_tmp'));
      await rename(folder.path('..data_tmp'), folder.path('..data'));
    };
    await version('..2026_01', { 'a.yaml': service('a'), 'b.yaml': service('b') });
    await symlink('..data/a.yaml', folder.path('a.yaml'));
    await symlink('..data/b.yaml', folder.path('b.yaml'));
    const stop = new AbortController();
    const ended = new DirectorySource({ directory: root, wall: Date.now }).run(folder.store, stop.signal);
    try {
      await folder.until('the first reading', () => folder.store.isSynced);
      assert.deepEqual(folder.names(), ['a', 'b']);
      const b = folder.store.get('Service', 'default', 'b');
      await version('..2026_02', { 'a.yaml': service('a', 81), 'b.yaml': service('b') });
      await rm(folder.path('..2026_01'), { recursive: true });
      await folder.until('the new version', () => folder.port('a') === 81);
      await version('..2026_03', { 'a.yaml': service('a', 82), 'b.yaml': service('b') });
      await folder.until('the next version', () => folder.port('a') === 82);
      assert.equal(folder.store.get('Service', 'default', 'b'), b);
      assert.deepEqual([...folder.lost], []);
      assert.deepEqual(folder.codes(), []);
    } finally {
      stop.abort();
      await ended;
      await rm(root, { recursive: true });
    }
  });

  test(
    'links inside are followed once, links out of the folder, to nowhere and in circles are not',
    deadline,
    async () => {
      await following({ 'real/a.yaml': service('a') }, async (folder) => {
        const outside = await mkdtemp(join(tmpdir(), 'fairway-outside-'));
        await writeFile(join(outside, 'b.yaml'), service('b'));
        await symlink('real', folder.path('again'));
        await symlink('..', folder.path('real/up'));
        await symlink(outside, folder.path('out'));
        await symlink(join(outside, 'b.yaml'), folder.path('out.yaml'));
        await symlink('nothing.yaml', folder.path('dangling.yaml'));
        await symlink('round.yaml', folder.path('round.yaml'));
        await folder.until('all diagnostics', () => folder.codes().length === 4);
        assert.deepEqual(folder.codes(), [
          'link-outside dangling.yaml',
          'link-outside out',
          'link-outside out.yaml',
          'link-outside round.yaml',
        ]);
        assert.deepEqual(folder.names(), ['a']);
        await rm(outside, { recursive: true });
      });
    },
  );

  test('what a link leads to is followed where it is, also in a hidden folder', deadline, async () => {
    await following({ '.store/a.yaml': service('a') }, async (folder) => {
      await symlink('.store/a.yaml', folder.path('a.yaml'));
      await folder.until('the linked file', () => folder.port('a') === 80);
      await folder.write('.store/a.yaml', service('a', 81));
      await folder.until('its change', () => folder.port('a') === 81);
    });
  });

  test('what cannot be opened any more leaves standing what was read there', deadline, async () => {
    await following({ 'a.yaml': service('a'), 'b.yaml': service('b') }, async (folder) => {
      // A name below a file: neither there nor missing (ENOTDIR), as with a folder that may not be entered.
      await symlink('b.yaml/inside', folder.path('.broken'));
      await rename(folder.path('.broken'), folder.path('a.yaml'));
      await folder.until('a diagnostic', () => folder.codes().length > 0);
      assert.deepEqual(folder.codes(), ['folder-unreadable a.yaml']);
      assert.deepEqual(folder.names(), ['a', 'b']);
    });
  });

  test('too many files and too many levels are told', deadline, async () => {
    const limits = { files: 2, depth: 1, watchers: 100 };
    await following(
      { 'a.yaml': service('a'), 'b.yaml': service('b'), 'c.yaml': service('c'), 'x/y/d.yaml': service('d') },
      async (folder) => {
        assert.deepEqual(folder.names(), ['a', 'b']);
        assert.deepEqual(folder.codes(), ['folder-limit c.yaml']);
        await unlink(folder.path('c.yaml'));
        await folder.until('the other limit', () => folder.codes()[0] === 'folder-limit x/y');
      },
      { limits },
    );
  });

  test('a folder that is gone for a while leaves everything as it was', deadline, async () => {
    await following({ 'a.yaml': service('a') }, async (folder) => {
      await rename(folder.root, `${folder.root}-away`);
      await folder.until('a diagnostic', () => folder.codes().length > 0);
      assert.deepEqual(folder.names(), ['a']);
      await folder.write('a.yaml', service('a', 81));
      await folder.until('the new folder', () => folder.port('a') === 81);
      assert.deepEqual(folder.codes(), []);
      assert.deepEqual([...folder.lost], []);
      await folder.write('a.yaml', service('a', 82));
      await folder.until('a change in the new folder', () => folder.port('a') === 82);
      await rm(`${folder.root}-away`, { recursive: true });
    });
  });

  test('without any watcher the rescan finds the changes', deadline, async () => {
    await following(
      { 'a.yaml': service('a') },
      async (folder) => {
        await folder.write('a.yaml', service('a', 81));
        await folder.until('the new port', () => folder.port('a') === 81);
      },
      {
        limits: { files: 10, depth: 10, watchers: 0 },
        times: { quietMs: 50, longestMs: 500, rescanMs: 600_000, alertMs: 20, emptyMs: 800 },
      },
    );
  });

  test('no such folder, or no folder at all, is said to the operator', deadline, async () => {
    const root = await mkdtemp(join(tmpdir(), 'fairway-none-'));
    await writeFile(join(root, 'file'), '');
    for (const [directory, why] of [
      ['nowhere', 'it does not exist'],
      ['file', 'it is a file, not a folder'],
    ] as const) {
      const source = new DirectorySource({ directory: join(root, directory), wall: Date.now });
      await assert.rejects(source.run(new ObjectStore(), new AbortController().signal), {
        name: 'OperatorError',
        code: 'source-unavailable',
        why,
      });
    }
    await rm(root, { recursive: true });
  });
});

test('objects of namespaces that are not watched are left out, with what is said of them', deadline, async () => {
  const ingress = (namespace: string): string =>
    `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: ${namespace}}, spec: {rules: [{host: "a:b"}]}}`;
  const inNamespace = (namespace: string, name: string): string =>
    `{apiVersion: v1, kind: Service, metadata: {name: ${name}, namespace: ${namespace}}}`;
  const files = {
    'a.yaml': [ingress('one'), ingress('two'), inNamespace('two', 'b'), inNamespace('three', 'fallback')].join(
      '\n---\n',
    ),
  };
  const watched = watchedObjects({
    ...defaultSettings(),
    watchNamespaces: ['one'],
    defaultBackendService: 'three/fallback',
  });
  await following(
    files,
    async ({ store }) => {
      assert.deepEqual(store.list('Ingress').map(keyOf), ['one/a']);
      assert.deepEqual(store.list('Service').map(keyOf), ['three/fallback']);
      assert.deepEqual(
        store.diagnostics().map(({ object }) => keyOf(object)),
        ['one/a'],
      );
      await Promise.resolve();
    },
    { watched },
  );
});
