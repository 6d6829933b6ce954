import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { renderChart } from './helm/render.ts';
import { valuesSchema } from './helm/values-schema.ts';

// Writes what follows from the chart and the settings table; with --check says whether it is up to date.

const root = join(import.meta.dirname, '..');

function installManifest(): string {
  const files = renderChart(join(root, 'charts/fairway'), { name: 'fairway', namespace: 'fairway' }, {});
  const namespace = [
    'apiVersion: v1',
    'kind: Namespace',
    'metadata:',
    '  name: fairway',
    '  labels:',
    '    pod-security.kubernetes.io/enforce: restricted',
  ].join('\n');
  const head =
    '# Generated from charts/fairway by `make manifests`. Apply with: kubectl apply -f manifests/install.yaml\n';
  return `${head}${[namespace, ...[...files.values()].map((text) => text.trim())].join('\n---\n')}\n`;
}

const outputs: readonly (readonly [string, string])[] = [
  ['charts/fairway/values.schema.json', `${JSON.stringify(valuesSchema(), undefined, 2)}\n`],
  ['manifests/install.yaml', installManifest()],
];

for (const [name, text] of outputs) {
  const path = join(root, name);
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
    continue;
  }
  let current = '';
  try {
    current = readFileSync(path, 'utf8');
  } catch {
    // A missing file is as stale as an old one.
  }
  if (current !== text) {
    console.error(`${name} is not up to date: run \`make manifests\` and commit the result`);
    process.exitCode = 1;
  }
}
