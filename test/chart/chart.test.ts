import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { loadAllYaml } from '@kubernetes/client-node';

import { renderChart } from '../../scripts/helm/render.ts';
import { parseArguments } from '../support/chart-arguments.ts';
import { valueCombinations } from './combinations.ts';

const chart = join(import.meta.dirname, '../../charts/fairway');

interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into objects of every kind
  readonly [field: string]: any;
}

function render(values: Record<string, unknown>): Rendered[] {
  const files = renderChart(chart, { name: 'edge', namespace: 'ingress' }, values);
  const objects = [...files.values()].flatMap((text) => loadAllYaml(text));
  // The loader makes instances of its model classes; plain data compares better.
  return objects.map((one) => JSON.parse(JSON.stringify(one)) as Rendered);
}

function only(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  assert.equal(found.length, 1, `${found.length} objects of kind ${kind} ${name ?? ''}`);
  const [object] = found;
  assert.ok(object);
  return object;
}

function podOf(objects: readonly Rendered[], kind: string): Rendered['spec'] {
  return only(objects, kind)['spec'].template.spec;
}

suite('every combination of values', () => {
  for (const [name, values] of Object.entries(valueCombinations)) {
    test(name, () => {
      const objects = render(values);
      const keys = objects.map((one) => `${one.kind} ${one.metadata.namespace ?? ''}/${one.metadata.name}`);
      assert.equal(new Set(keys).size, keys.length, 'two objects with one name');
      for (const object of objects) {
        assert.ok(object.apiVersion && object.kind && object.metadata.name);
        assert.ok(object.metadata.name.length <= 63, object.metadata.name);
        assert.equal(object.metadata.labels?.['app.kubernetes.io/instance'], 'edge', `${object.kind} has no labels`);
      }
      const workload = objects.find((one) => one.kind === 'Deployment' || one.kind === 'DaemonSet');
      assert.ok(workload);
      assert.deepEqual(parseArguments(workload['spec'].template.spec), [], 'the program refuses its own arguments');
    });
  }
});

test('the pod fits the restricted profile and the drain', () => {
  const pod = podOf(render({}), 'Deployment');
  const [container] = pod.containers;
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.ok(pod.securityContext.runAsUser >= 10_000);
  assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  assert.equal(container.securityContext.allowPrivilegeEscalation, false);
  assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(pod.hostNetwork, undefined);
  assert.equal(pod.terminationGracePeriodSeconds, 300);
  assert.deepEqual(container.readinessProbe.httpGet, { path: '/readyz', port: 10254 });
  assert.deepEqual(container.livenessProbe.httpGet, { path: '/livez', port: 10254 });
  assert.equal(container.readinessProbe.periodSeconds * container.readinessProbe.failureThreshold <= 5, true);
  const spec = only(render({}), 'Deployment')['spec'];
  assert.deepEqual(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  assert.equal(spec.minReadySeconds, 10);
});

/** `group/resource verb` of every rule of a role. */
function rights(role: Rendered): string[] {
  return role['rules'].flatMap(
    (rule: { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }) =>
      rule.resources.flatMap((resource) =>
        rule.verbs.map(
          (verb) =>
            `${rule.apiGroups[0]}/${resource} ${verb}${rule.resourceNames ? ` ${rule.resourceNames.join()}` : ''}`,
        ),
      ),
  );
}

test('the rights are exactly those of the design', () => {
  const objects = render({});
  assert.deepEqual(rights(only(objects, 'ClusterRole', 'edge-fairway-read')), [
    '/services list',
    '/services watch',
    'discovery.k8s.io/endpointslices list',
    'discovery.k8s.io/endpointslices watch',
    'networking.k8s.io/ingresses list',
    'networking.k8s.io/ingresses watch',
    '/pods list',
    '/pods watch',
  ]);
  assert.deepEqual(rights(only(objects, 'ClusterRole', 'edge-fairway-cluster')), [
    'networking.k8s.io/ingressclasses list',
    'networking.k8s.io/ingressclasses watch',
    '/nodes get',
  ]);
  assert.deepEqual(rights(only(objects, 'ClusterRole', 'edge-fairway-secrets')), ['/secrets list', '/secrets watch']);
  assert.deepEqual(rights(only(objects, 'ClusterRole', 'edge-fairway-status')), [
    'networking.k8s.io/ingresses/status patch',
    'events.k8s.io/events create',
    'events.k8s.io/events patch',
  ]);
  assert.deepEqual(rights(only(objects, 'Role')), [
    '/configmaps get edge-fairway-controller',
    '/configmaps list edge-fairway-controller',
    '/configmaps watch edge-fairway-controller',
    'coordination.k8s.io/leases create',
    'coordination.k8s.io/leases get edge-fairway-leader',
    'coordination.k8s.io/leases update edge-fairway-leader',
    'coordination.k8s.io/leases patch edge-fairway-leader',
  ]);
});

test('a replica reads its node for its zone or its address, and no node when both are said or not asked for', () => {
  const nodesOf = (values: Record<string, unknown>): boolean =>
    rights(only(render(values), 'ClusterRole', 'edge-fairway-cluster')).includes('/nodes get');
  assert.equal(nodesOf({ controller: { zone: '' } }), false);
  assert.equal(nodesOf({ controller: { zone: 'east' } }), false);
  assert.equal(nodesOf({ controller: { zone: 'east', reportNodeAddress: 'internal' } }), true);
  const [container] = podOf(render({ controller: { zone: 'east' } }), 'Deployment').containers;
  assert.ok(container.args.includes('--zone=east'));
});

test('without health checks no pods are read', () => {
  const objects = render({ controller: { healthChecks: 'off' } });
  assert.ok(rights(only(objects, 'ClusterRole', 'edge-fairway-read')).every((right) => !right.includes('pods')));
});

test('what is turned off needs no rights', () => {
  const silent = render({ controller: { extraArgs: { events: false } } });
  assert.deepEqual(rights(only(silent, 'ClusterRole', 'edge-fairway-status')), [
    'networking.k8s.io/ingresses/status patch',
  ]);
  const quiet = render({ controller: { extraArgs: { events: 'false', 'update-status': 'false' } } });
  assert.ok(quiet.every((one) => !one.metadata.name.endsWith('-status')));
});

test('a scope binds rights to its namespaces only', () => {
  const objects = render({ controller: { scope: { enabled: true, namespace: 'shop,blog' } } });
  const bindings = objects
    .filter((one) => one.kind === 'RoleBinding')
    .map((one) => `${one.metadata.namespace}/${one.metadata.name}`);
  for (const namespace of ['shop', 'blog']) {
    for (const role of ['read', 'status', 'secrets']) assert.ok(bindings.includes(`${namespace}/edge-fairway-${role}`));
  }
  const clusterWide = objects.filter((one) => one.kind === 'ClusterRoleBinding').map((one) => one.metadata.name);
  assert.deepEqual(clusterWide, ['edge-fairway-cluster']);
});

test('Secrets can be bound to chosen namespaces', () => {
  const objects = render({ rbac: { secretNamespaces: ['tls'] } });
  assert.ok(objects.every((one) => one.kind !== 'ClusterRoleBinding' || one.metadata.name !== 'edge-fairway-secrets'));
  assert.ok(objects.some((one) => one.kind === 'RoleBinding' && one.metadata.namespace === 'tls'));
});

test('the default certificate can be read where other Secrets cannot', () => {
  const extraArgs = { 'default-ssl-certificate': 'ops/wildcard' };
  const objects = render({ controller: { extraArgs }, rbac: { secretNamespaces: ['tls'] } });
  const role = only(objects, 'Role', 'edge-fairway-default-certificate');
  assert.equal(role.metadata.namespace, 'ops');
  assert.deepEqual(rights(role), ['/secrets list wildcard', '/secrets watch wildcard']);
  const binding = only(objects, 'RoleBinding', 'edge-fairway-default-certificate');
  assert.deepEqual([binding.metadata.namespace, binding['roleRef'].name], ['ops', role.metadata.name]);
  assert.ok(render({ controller: { extraArgs } }).every((one) => !one.metadata.name.endsWith('-default-certificate')));
});

test('values of the ingress-nginx chart are understood', () => {
  const objects = render({
    controller: {
      ingressClassResource: { name: 'nginx', default: true, controllerValue: 'k8s.io/ingress-nginx' },
      ingressClass: 'nginx',
      watchIngressWithoutClass: true,
      config: { 'use-forwarded-headers': 'true', 'proxy-read-timeout': 120 },
      service: { type: 'NodePort', nodePorts: { http: 30080, https: 30443 }, externalTrafficPolicy: 'Local' },
      extraArgs: { 'default-ssl-certificate': 'ingress/wildcard' },
    },
  });
  const service = only(objects, 'Service', 'edge-fairway-controller')['spec'];
  assert.deepEqual(
    service.ports.map((port: { nodePort: number }) => port.nodePort),
    [30080, 30443],
  );
  assert.equal(service.externalTrafficPolicy, 'Local');
  assert.equal(only(objects, 'IngressClass')['spec'].controller, 'k8s.io/ingress-nginx');
  assert.deepEqual(only(objects, 'ConfigMap')['data'], {
    'proxy-read-timeout': '120',
    'use-forwarded-headers': 'true',
  });
  const { args } = podOf(objects, 'Deployment').containers[0];
  assert.ok(args.includes('--default-ssl-certificate=ingress/wildcard'));
  assert.ok(args.includes('--controller-class=k8s.io/ingress-nginx'));
});

test('a DaemonSet takes the place of the Deployment', () => {
  const objects = render({ controller: { kind: 'DaemonSet', hostPort: { enabled: true } } });
  assert.ok(objects.every((one) => one.kind !== 'Deployment'));
  const [http] = podOf(objects, 'DaemonSet').containers[0].ports;
  assert.equal(http.hostPort, 80);
});

test('on the network of the node the ports are those of the container', () => {
  const [container] = podOf(
    render({ controller: { hostNetwork: true, hostPort: { enabled: true } } }),
    'Deployment',
  ).containers;
  const [http] = container.ports;
  assert.deepEqual([http.containerPort, http.hostPort], [8080, undefined], 'the API server refuses two different ones');
  assert.ok(container.args.includes('--http-public-port=8080'));
});

test('a single replica has no disruption budget', () => {
  assert.ok(render({ controller: { replicaCount: 1 } }).every((one) => one.kind !== 'PodDisruptionBudget'));
  assert.equal(only(render({}), 'PodDisruptionBudget')['spec'].maxUnavailable, 1);
});

test('a default backend outside the scope can be read, and nothing else there', () => {
  const objects = render({
    controller: {
      scope: { enabled: true, namespace: 'shop' },
      extraArgs: { 'default-backend-service': 'pages/errors' },
    },
  });
  const role = only(objects, 'Role', 'edge-fairway-default-backend');
  assert.equal(role.metadata.namespace, 'pages');
  assert.deepEqual(rights(role), [
    '/services list',
    '/services watch',
    'discovery.k8s.io/endpointslices list',
    'discovery.k8s.io/endpointslices watch',
  ]);
  const inside = render({
    controller: {
      scope: { enabled: true, namespace: 'shop' },
      extraArgs: { 'default-backend-service': 'shop/errors' },
    },
  });
  assert.ok(inside.every((one) => one.metadata.name !== 'edge-fairway-default-backend'));
});
