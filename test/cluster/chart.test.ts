import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { loadAllYaml } from '@kubernetes/client-node';

import { renderChart } from '../../scripts/helm/render.ts';
import { valueCombinations } from '../chart/combinations.ts';
import { run } from './support/command.ts';
import { environment } from './support/environment.ts';
import { textAt } from './support/json.ts';
import { apply, kubectl } from './support/kubectl.ts';
import { scenario } from './support/scenario.ts';

// The chart by the real helm. The tests that need no Go render it by the project's own small renderer.
const chart = join(environment.project, 'charts/fairway');
const release = { name: 'edge', namespace: 'chart' };

type ObjectsByKey = Readonly<Record<string, unknown>>;

scenario('helm and the renderer of the other tests make the same objects', 90, async (context) => {
  for (const [name, values] of Object.entries(valueCombinations)) {
    const byHelm = byKey(await helmTemplate(values));
    const byRenderer = byKey([...renderChart(chart, release, values).values()].join('\n---\n'));
    assert.deepEqual(byHelm, byRenderer, name);
    context.diagnostic(`${name}: ${Object.keys(byHelm).length} objects`);
  }
});

scenario('helm lint finds nothing', 60, async () => {
  for (const values of Object.values(valueCombinations)) {
    const { stdout } = await run('helm', ['lint', '--strict', '--quiet', chart, '--values', '-'], {
      input: JSON.stringify(values),
    });
    assert.doesNotMatch(stdout, /WARNING|ERROR/);
  }
});

scenario('helm refuses values that the schema does not know', 30, async () => {
  const wrong = { controller: { replicaCount: 'three' } };
  const result = await run('helm', ['template', 'edge', chart, '--values', '-'], {
    input: JSON.stringify(wrong),
    mayFail: true,
  });
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /replicaCount/);
});

scenario('the API server takes every object of every combination, and manifests/install.yaml', 120, async () => {
  const texts = new Map([
    ['install.yaml', await readFile(join(environment.project, 'manifests/install.yaml'), 'utf8')],
  ]);
  for (const [name, values] of Object.entries(valueCombinations)) {
    texts.set(name, await helmTemplate(values));
  }
  const namespaces = [...new Set([...texts.values()].flatMap(namespacesOf))].filter((name) => name !== 'kube-system');
  await apply(...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  try {
    for (const [name, text] of texts) {
      await serverTakes(name, text);
    }
  } finally {
    await kubectl('delete', 'namespaces', ...namespaces, '--timeout=60s');
  }
});

async function helmTemplate(values: unknown): Promise<string> {
  const words = ['template', release.name, chart, '--namespace', release.namespace, '--values', '-'];
  return (await run('helm', words, { input: JSON.stringify(values) })).stdout;
}

function byKey(yaml: string): ObjectsByKey {
  const entries = objectsIn(yaml).map((object): [string, unknown] => {
    const name = `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
    return [`${textAt(object, 'apiVersion')} ${textAt(object, 'kind')} ${name}`, object];
  });
  assert.equal(new Set(entries.map(([key]) => key)).size, entries.length, 'two objects with one name');
  return Object.fromEntries(entries);
}

/** The loader makes instances of its model classes; plain data compares better. */
function objectsIn(yaml: string): readonly unknown[] {
  const objects: unknown = JSON.parse(JSON.stringify(loadAllYaml(yaml)));
  return Array.isArray(objects) ? objects.filter((object) => object !== null) : [];
}

function namespacesOf(yaml: string): readonly string[] {
  return objectsIn(yaml)
    .map((object) => textAt(object, 'metadata', 'namespace'))
    .filter((name) => name !== '');
}

/** Sends the objects to the API server without making them: it checks their fields, names and limits. */
async function serverTakes(name: string, yaml: string): Promise<void> {
  // Definitions of the Prometheus operator are not in the cluster. The text goes as it is: the loader renames fields.
  const documents = yaml.split(/^---$/m).filter((text) => !text.includes('apiVersion: monitoring.coreos.com'));
  const words = ['apply', '--dry-run=server', '--validate=strict', '--filename', '-'];
  const { code, stderr } = await run('kubectl', words, { input: documents.join('\n---\n'), mayFail: true });
  assert.equal(code, 0, `${name}: ${stderr}`);
}
