import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before } from 'node:test';

import { environment } from './support/environment.ts';
import { fairwayNamespace, installFairway, servedEverywhere, uninstallFairway } from './support/fairway.ts';
import { at, textAt } from './support/json.ts';
import { apply, deleteNamespace, kubectl, rolledOut, tryKubectl } from './support/kubectl.ts';
import { backend, ingress, restrictedNamespace } from './support/manifests.ts';
import { scenario } from './support/scenario.ts';
import { until } from './support/wait.ts';

// The last file of a run: it looks at what Fairway asked for in all tests before, and ends with nothing installed.
const namespace = 'uninstall';

before(async () => {
  const address = await installFairway();
  await apply(
    restrictedNamespace(namespace),
    ...backend({ namespace, name: 'shop' }),
    ingress({ namespace, name: 'shop', host: 'shop.test', service: 'shop' }),
    ingress({ namespace, name: 'broken', host: 'broken.test', service: 'nowhere' }),
  );
  await rolledOut(namespace, 'shop');
  await servedEverywhere('shop.test');
  await until('the address', async () => ((await ingressAddress()) === address ? true : undefined));
});

async function ingressAddress(): Promise<string> {
  return await kubectl(
    '--namespace',
    namespace,
    'get',
    'ingress',
    'shop',
    '--output=jsonpath={.status.loadBalancer.ingress[0].ip}',
  );
}

scenario('Fairway asked for nothing that its rights do not allow', 30, async (context) => {
  const requests = await auditedRequests();
  const kinds = new Map<string, number>();
  for (const { what } of requests) {
    kinds.set(what, (kinds.get(what) ?? 0) + 1);
  }
  for (const [what, count] of [...kinds].toSorted(([one], [other]) => one.localeCompare(other))) {
    context.diagnostic(`${what}: ${count}`);
  }
  assert.ok(requests.length > 0, 'the audit log has requests of Fairway');
  // An API server that has just started does not know its roles yet, and refuses what it allows a second later.
  const allowed = new Set(requests.filter(({ decision }) => decision === 'allow').map(({ target }) => target));
  const refused = requests.filter(({ decision, target }) => decision !== 'allow' && !allowed.has(target));
  assert.deepEqual([...new Set(refused.map(({ target }) => target))], []);
});

interface AuditedRequest {
  /** Verb and resource. */
  readonly what: string;
  /** The same with namespace and name. */
  readonly target: string;
  /** What the authorizer said; a 403 has other reasons as well, for example a namespace that is being deleted. */
  readonly decision: string;
}

/** Requests of Fairway's own processes; those that the tests sent with its token on purpose are left out. */
async function auditedRequests(): Promise<readonly AuditedRequest[]> {
  const lines = (await readFile(join(environment.run, 'audit.log'), 'utf8')).trim().split('\n');
  return lines
    .map((line): unknown => JSON.parse(line))
    .filter((entry) => at(entry, 'user', 'extra', 'authentication.kubernetes.io/pod-name') !== undefined)
    .map((entry) => {
      const group = textAt(entry, 'objectRef', 'apiGroup') || 'core';
      const subresource = textAt(entry, 'objectRef', 'subresource');
      const resource = textAt(entry, 'objectRef', 'resource') + (subresource === '' ? '' : `/${subresource}`);
      const what = `${textAt(entry, 'verb')} ${group} ${resource}`;
      return {
        what,
        target: `${what} ${textAt(entry, 'objectRef', 'namespace')}/${textAt(entry, 'objectRef', 'name')}`,
        decision: textAt(entry, 'annotations', 'authorization.k8s.io/decision'),
      };
    });
}

scenario('helm uninstall leaves nothing behind', 120, async () => {
  await uninstallFairway();
  await until(
    'the pods gone',
    async () => {
      const pods = await kubectl('--namespace', fairwayNamespace, 'get', 'pods', '--output=name');
      return pods.trim() === '' ? true : undefined;
    },
    60_000,
  );
  assert.deepEqual(await objectsLeft(), []);
  await deleteNamespace(namespace);
});

/** All objects of all kinds that are in Fairway's namespace or have its name, besides what every namespace has. */
async function objectsLeft(): Promise<readonly string[]> {
  const kinds = (await kubectl('api-resources', '--verbs=list', '--output=name')).trim().split('\n');
  const columns = '--output=custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name';
  const left: string[] = [];
  for (const kind of kinds.filter((name) => !name.startsWith('events'))) {
    const { stdout } = await tryKubectl('get', kind, '--all-namespaces', '--no-headers', columns);
    for (const line of stdout.trim().split('\n')) {
      const [where = '', name = ''] = line.split(/\s+/);
      if ((where === fairwayNamespace || name.includes('fairway')) && !belongsToTheNamespace(kind, name)) {
        left.push(`${kind} ${where}/${name}`);
      }
    }
  }
  return left;
}

function belongsToTheNamespace(kind: string, name: string): boolean {
  return (
    (kind === 'namespaces' && name === fairwayNamespace) ||
    (kind === 'serviceaccounts' && name === 'default') ||
    (kind === 'configmaps' && name === 'kube-root-ca.crt')
  );
}
