import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { ask, cookieOf } from '../support/client.ts';
import { ingress, service, yaml } from '../support/manifests.ts';
import { startBackend } from '../support/named-backend.ts';
import type { Program } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

/** What Argo Rollouts and Flagger write while they lead requests to a new version, replayed under load. */

type Annotations = Readonly<Record<string, string>>;

/** Requests without an end, each on a connection of its own, until `stop`. */
function load(port: number): { readonly seen: Record<string, number>; readonly stop: () => Promise<void> } {
  const seen: Record<string, number> = {};
  const loops: Promise<void>[] = [];
  const end = new AbortController();
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const name = await ask({ port }).then(
        (answer) => String(answer.headers['x-backend'] ?? answer.status),
        (error: unknown) => String(error),
      );
      seen[name] = (seen[name] ?? 0) + 1;
    }
  };
  loops.push(loop(), loop());
  const stop = async (): Promise<void> => {
    end.abort();
    await Promise.all(loops);
  };
  return { seen, stop };
}

interface Rollout {
  readonly program: Program;
  /** Writes the canary Ingress as its tool does. */
  readonly write: (annotations: Annotations) => void;
  /** Share of 100 requests that the new version answers. */
  readonly share: (headers?: Annotations) => Promise<number>;
  /** Waits until the share is within the limits. */
  readonly reaches: (least: number, most: number) => Promise<void>;
}

/** @param base  annotations that the tool leaves on the canary Ingress */
async function rollout(t: TestContext, canaryName: string, base: Annotations): Promise<Rollout> {
  const [stable, next] = await Promise.all(['stable', 'canary'].map((name) => startBackend(t, name)));
  assert.ok(stable && next);
  const paths = { '/': 'stable', '/api': 'stable' };
  const program = await startProgram(t, {
    manifests: {
      'services.yaml': yaml(...service('stable', [{ port: stable.port }]), ...service('canary', [{ port: next.port }])),
      'stable.yaml': yaml(ingress({ name: 'podinfo', paths, annotations: { affinity: 'cookie' } })),
    },
  });
  const share: Rollout['share'] = async (headers = {}) => {
    let count = 0;
    for (let at = 0; at < 100; at += 1) {
      const answer = await ask({ port: program.httpPort, headers });
      assert.equal(answer.status, 200);
      if (answer.headers['x-backend'] === 'canary') count += 1;
    }
    return count;
  };
  return {
    program,
    write: (annotations) =>
      program.write(
        'canary.yaml',
        yaml(
          ingress({
            name: canaryName,
            paths: { '/': 'canary', '/api': 'canary' },
            annotations: { ...base, ...annotations },
          }),
        ),
      ),
    share,
    reaches: async (least, most) => {
      await until(async () => {
        const now = await share();
        return now >= least && now <= most ? true : undefined;
      });
    },
  };
}

test('Argo Rollouts: the weight rises step by step and falls to 0, and no request is lost', async (t) => {
  const { program, write, reaches } = await rollout(t, 'podinfo-podinfo-canary', { canary: 'true' });
  const { seen, stop } = load(program.httpPort);
  for (const [weight, least, most] of [
    ['0', 0, 0],
    ['20', 5, 40],
    ['60', 40, 80],
    ['100', 100, 100],
    ['0', 0, 0],
  ] as const) {
    write({ 'canary-weight': weight });
    await reaches(least, most);
  }
  // maxTrafficWeight
  write({ 'canary-weight': '500', 'canary-weight-total': '1000' });
  await reaches(30, 70);
  program.remove('canary.yaml');
  await reaches(0, 0);
  await stop();
  assert.deepEqual(Object.keys(seen).toSorted(), ['canary', 'stable'], JSON.stringify(seen));
  assert.doesNotMatch((await program.admin('/diagnostics')).text, /error|warning/);
});

test('Flagger: its canary Ingress begins at 0, A/B tests by header and cookie, and ends at 0', async (t) => {
  // Flagger copies the annotations of the Ingress.
  const { program, write, share, reaches } = await rollout(t, 'podinfo-canary', { affinity: 'cookie', canary: 'true' });
  const { seen, stop } = load(program.httpPort);
  write({ 'canary-weight': '0' });
  await until(async () => ((await program.admin('/')).text.includes('podinfo-canary') ? true : undefined));
  await reaches(0, 0);
  write({
    'canary-weight': '0',
    'canary-by-cookie': 'insider',
    'canary-by-header': 'X-Canary',
    'canary-by-header-pattern': '^in[a-z]+r$',
  });
  await until(async () => ((await share({ 'X-Canary': 'insider' })) === 100 ? true : undefined));
  assert.equal(await share({ Cookie: 'insider=always' }), 100);
  assert.equal(await share({ 'X-Canary': 'outsider', Cookie: 'insider=never' }), 0);
  assert.equal(await share(), 0);
  const { text } = await program.admin('/metrics');
  // What Flagger asks: the name of the stable Ingress, and a canary that is not empty.
  const counted = text
    .split('\n')
    .filter((line) => line.startsWith('nginx_ingress_controller_requests{') && line.includes('ingress="podinfo"'))
    .filter((line) => line.includes('canary="default-canary-80"') && line.includes('status="200"'))
    .map((line) => Number(line.split(' ').at(-1)));
  assert.ok(counted.reduce((sum, one) => sum + one, 0) >= 200, text);
  const session = await ask({ port: program.httpPort, headers: { 'X-Canary': 'insider' } });
  assert.equal(await share({ Cookie: cookieOf(session) }), 100, 'a session stays at the canary');
  write({ 'canary-weight': '0' });
  await until(async () => ((await share({ 'X-Canary': 'insider' })) === 0 ? true : undefined));
  assert.equal(await share({ Cookie: cookieOf(session) }), 100, 'also at weight 0, as in ingress-nginx');
  await stop();
  assert.deepEqual(Object.keys(seen), ['stable'], JSON.stringify(seen));
});
