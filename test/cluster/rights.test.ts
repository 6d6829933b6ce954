import assert from 'node:assert/strict';
import { before } from 'node:test';

import { callApi } from './support/api.ts';
import { fairwayNamespace, installFairway, settled } from './support/fairway.ts';
import { textAt } from './support/json.ts';
import { kubectl } from './support/kubectl.ts';
import { scenario } from './support/scenario.ts';

before(async () => {
  await installFairway();
});

const own = fairwayNamespace;
const core = '/api/v1/namespaces/default';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

/** What somebody who has taken over Fairway would try. `METHOD path`; the API server must refuse each. */
const refused: readonly string[] = [
  // Other people's secrets, and making or changing any.
  `GET ${core}/secrets/shop-tls`,
  `POST ${core}/secrets`,
  `PUT ${core}/secrets/shop-tls`,
  `PATCH ${core}/secrets/shop-tls`,
  `DELETE ${core}/secrets/shop-tls`,
  `POST /api/v1/namespaces/${own}/secrets`,
  // Tokens of other accounts, and acting as somebody else.
  'POST /api/v1/namespaces/kube-system/serviceaccounts/default/token',
  `POST /api/v1/namespaces/${own}/serviceaccounts/default/token`,
  'POST /apis/authentication.k8s.io/v1/tokenreviews',
  // Code in pods: new ones, into running ones, their logs.
  `POST ${core}/pods`,
  `POST /api/v1/namespaces/${own}/pods`,
  `POST ${core}/pods/shop/exec`,
  `POST ${core}/pods/shop/attach`,
  `POST ${core}/pods/shop/portforward`,
  `GET ${core}/pods/shop/log`,
  `PATCH ${core}/pods/shop/ephemeralcontainers`,
  `DELETE ${core}/pods/shop`,
  `POST ${core}/pods/shop/eviction`,
  'POST /apis/apps/v1/namespaces/default/deployments',
  `PATCH /apis/apps/v1/namespaces/${own}/deployments/fairway-controller`,
  'POST /apis/batch/v1/namespaces/default/jobs',
  // Rights.
  `POST ${rbac}/clusterroles`,
  `POST ${rbac}/clusterrolebindings`,
  `PATCH ${rbac}/clusterroles/fairway`,
  `POST ${rbac}/namespaces/${own}/roles`,
  `POST ${rbac}/namespaces/${own}/rolebindings`,
  // What others wrote.
  'POST /apis/networking.k8s.io/v1/namespaces/default/ingresses',
  'PATCH /apis/networking.k8s.io/v1/namespaces/default/ingresses/shop',
  'DELETE /apis/networking.k8s.io/v1/namespaces/default/ingresses/shop',
  'PATCH /apis/networking.k8s.io/v1/ingressclasses/fairway',
  'DELETE /apis/networking.k8s.io/v1/ingressclasses/fairway',
  `PATCH ${core}/services/shop`,
  `PATCH ${core}/services/shop/status`,
  'PATCH /apis/discovery.k8s.io/v1/namespaces/default/endpointslices/shop',
  `POST ${core}/configmaps`,
  `GET ${core}/configmaps`,
  'GET /api/v1/namespaces/kube-system/configmaps',
  `DELETE ${core}/events/shop`,
  'POST /apis/coordination.k8s.io/v1/namespaces/kube-system/leases',
  'PATCH /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node1',
  // The cluster.
  'POST /api/v1/namespaces',
  'DELETE /api/v1/namespaces/default',
  'PATCH /api/v1/nodes/node1',
  'GET /api/v1/nodes/node1/proxy/configz',
  'POST /apis/certificates.k8s.io/v1/certificatesigningrequests',
  'POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  'POST /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  'POST /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
];

scenario('the API server refuses what the rights of the chart must not allow', 60, async (context) => {
  const token = await fairwayToken();
  const allowed: string[] = [];
  for (const line of refused) {
    const [method = '', path = ''] = line.split(' ');
    const { status } = await callApi(method, path, method === 'GET' || method === 'DELETE' ? undefined : {}, { token });
    if (status !== 403) {
      allowed.push(`${line}: ${status}`);
    }
  }
  context.diagnostic(`${refused.length} requests tried`);
  assert.deepEqual(allowed, [], 'these were not answered with 403');
});

scenario('the account may not act as another user', 30, async () => {
  const token = await fairwayToken();
  const { status, body } = await callApi('GET', '/api/v1/namespaces', undefined, { token, impersonate: 'admin' });
  assert.equal(status, 403, textAt(body, 'message'));
});

scenario('no role of the chart has a wildcard or a verb that widens rights', 30, async () => {
  const roles = await kubectl(
    'get',
    'clusterroles,roles',
    '--all-namespaces',
    '--selector=app.kubernetes.io/instance=fairway',
    '--output=json',
  );
  assert.match(roles, /endpointslices/, 'the roles of the chart are found');
  for (const word of ['"*"', '"escalate"', '"bind"', '"impersonate"', '"pods/exec"', '"tokenreviews"']) {
    assert.ok(!roles.includes(word), `${word} is in a role`);
  }
});

async function fairwayToken(): Promise<string> {
  const [replica] = await settled(2);
  assert.ok(replica !== undefined);
  assert.notEqual(replica.serviceAccount, 'default');
  return (await kubectl('--namespace', own, 'create', 'token', replica.serviceAccount)).trim();
}
