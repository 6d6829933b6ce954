import assert from 'node:assert/strict';

import { getObject } from './support/api.ts';
import { ask } from './support/client.ts';
import { EndpointRecorder } from './support/endpoint-changes.ts';
import { textAt } from './support/json.ts';
import { apply, deleteNamespace, kubectl, rolledOut } from './support/kubectl.ts';
import { underLoad } from './support/load.ts';
import { backend, backendDeployment, restrictedNamespace } from './support/manifests.ts';
import { scenario } from './support/scenario.ts';
import { until } from './support/wait.ts';

// Without Fairway: shows that the cluster, the demo application and the load generator lose nothing by themselves.
const namespace = 'harness';

scenario('a rolling update behind a Service alone loses nothing', 90, async (context) => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name: 'direct' },
    spec: { type: 'LoadBalancer', selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 'http' }] },
  };
  await apply(restrictedNamespace(namespace), ...backend({ namespace, name: 'shop', replicas: 2 }), service);
  await rolledOut(namespace, 'shop');
  const address = await until('an address', async () => {
    const found = textAt(
      await getObject(`/api/v1/namespaces/${namespace}/services/direct`),
      'status',
      'loadBalancer',
      'ingress',
      0,
      'ip',
    );
    return found === '' ? undefined : found;
  });
  await until('the first answer', async () => (await ask({ address, host: 'shop.test' })).pod !== '' || undefined);

  const recorder = new EndpointRecorder(namespace, 'shop');
  const report = await underLoad({ address, host: 'shop.test', httpsShare: 0 }, async () => {
    await apply(backendDeployment({ namespace, name: 'shop', replicas: 2, version: '2' }));
    await rolledOut(namespace, 'shop');
  });
  recorder.stop();
  context.diagnostic(report.summary);
  assert.equal(report.lost.length, 0);
  assert.ok(recorder.changes.length >= 6, 'two pods came and two went');

  const node = await kubectl('get', 'node', 'node1', '--output', 'jsonpath={.status.nodeInfo.kubeletVersion}');
  context.diagnostic(`kubelet ${node}`);
  await deleteNamespace(namespace);
});
