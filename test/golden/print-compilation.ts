import { dumpYaml } from '@kubernetes/client-node';

import type { Compilation } from '../../src/control/compile/compilation.ts';
import type { Canary } from '../../src/model/canary.ts';
import { describeDiagnostic } from '../../src/model/diagnostic.ts';
import type { EndpointId } from '../../src/model/ids.ts';
import { describeRef, keyOf } from '../../src/model/object-ref.ts';
import type { CookieAffinity, MirrorPolicy, RoutePolicies } from '../../src/model/policy.ts';
import type { EjectionPolicy, UpstreamLimits } from '../../src/model/pool-policy.ts';
import type { Route } from '../../src/model/route.ts';
import type { Endpoint, HealthCheck, Upstream } from '../../src/model/upstream.ts';

/** A compilation as people read it: what is as usual is left out, keys are never printed. */
export function printCompilation(compilation: Compilation): string {
  const { snapshot } = compilation;
  const parts = {
    hosts: fromMap(snapshot.virtualHosts, ({ certificate, routes }) => ({
      ...(certificate === undefined ? {} : { certificate }),
      routes: routes.map(printRoute),
    })),
    upstreams: fromMap(snapshot.upstreams, (upstream) => printUpstream(upstream)),
    checks: checksOf(compilation.healthChecks),
    certificates: fromMap(snapshot.certificates, ({ names }) => names.join(' ')),
    ...(snapshot.options.defaultCertificate === undefined ? {} : { default: snapshot.options.defaultCertificate }),
    diagnostics: compilation.diagnostics.map((diagnostic) => ({
      [`${diagnostic.severity} ${diagnostic.code}`]: `${describeRef(diagnostic.object)}${diagnostic.field === '' ? '' : `, ${diagnostic.field}`}`,
      text: describeDiagnostic(diagnostic),
    })),
    ingresses: Object.fromEntries(
      compilation.ingresses.map(({ ingress, state, reason }) => [keyOf(ingress), `${state} ${reason}`.trim()]),
    ),
    orphans: compilation.orphans.map(({ ingress, type }) => `${keyOf(ingress)} ${type}`),
    statuses: Object.fromEntries(
      compilation.statuses
        .filter(({ wanted }) => wanted.length > 0)
        .map(({ ingress, wanted }) => [keyOf(ingress), wanted.map(({ ip }) => ip).join(' ')]),
    ),
  };
  const filled = Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0);
  return dumpYaml(Object.fromEntries(filled), { lineWidth: 150, noRefs: true });
}

function fromMap<V>(map: ReadonlyMap<string, V>, print: (value: V) => unknown): Record<string, unknown> {
  const keys = [...map.keys()].sort();
  return Object.fromEntries(keys.map((key) => [key, print(map.get(key) as V)]));
}

function printCanary({ upstream, source, weight, weightTotal, header, cookie, sessions }: Canary): string {
  const rule = header?.rule;
  const value = rule?.kind === 'value' ? `=${rule.value}` : rule?.kind === 'pattern' ? `~${rule.pattern}` : `:${rule?.kind}`;
  return [
    `canary(${upstream} [${keyOf(source)}] ${weight}/${weightTotal}`,
    ...(header === undefined ? [] : [`header=${header.name}${value}`]),
    ...(cookie === undefined ? [] : [`cookie=${cookie}`]),
    ...(sessions === 'sticky' ? [] : [sessions]),
  ]
    .join(' ')
    .concat(')');
}

function printRoute({ match, action, policies, source }: Route): string {
  const target = action.kind === 'forward' ? action.upstream : `${action.status} (${action.reason})`;
  const from = keyOf(source);
  const canaries = action.kind === 'forward' ? (action.canaries ?? []).map(printCanary) : [];
  return [`${match.kind} ${match.path} -> ${target} [${from}]`, ...canaries, ...printPolicies(policies)].join(' ');
}

function printPolicies(policies: RoutePolicies): string[] {
  const { timeouts, retry, body, affinity, httpsRedirect, mirror, holdMs, labels } = policies;
  const { on, tries, timeoutMs } = retry ?? { on: [], tries: 0, timeoutMs: 0 };
  const usual = `${on.join(' ')} ${tries} ${timeoutMs}` === 'error timeout 3 0' || labels.ingress === '';
  return [
    ...(timeouts === undefined ? [] : [`timeouts(${timeouts.connectMs} ${timeouts.sendMs} ${timeouts.readMs})`]),
    ...(usual ? [] : [`retry(${on.length === 0 ? 'never' : on.join(' ')}; ${tries} tries, ${timeoutMs} ms)`]),
    ...(body === undefined ? [] : [`body(${body.limitBytes} ${body.replayBytes})`]),
    ...(affinity === undefined ? [] : [printAffinity(affinity)]),
    ...(mirror === undefined ? [] : [printMirror(mirror)]),
    ...(holdMs === undefined ? [] : [`hold=${holdMs}`]),
    ...(httpsRedirect === undefined
      ? []
      : [`https(${httpsRedirect.status}${httpsRedirect.preserveTrailingSlash ? ', keeps slash' : ''})`]),
  ];
}

function printMirror({ target, path, host, body }: MirrorPolicy): string {
  const to = target.kind === 'upstream' ? target.upstream : `${target.name}:${target.port}`;
  return `mirror(${target.scheme} ${to} ${path} host=${host}${body ? '' : ' without body'})`;
}

function printAffinity({ upstreamHash, ...affinity }: CookieAffinity): string {
  const fields = Object.entries(affinity).filter(([, value]) => value !== false);
  return `affinity(${fields.map(([name, value]) => `${name}=${value}`).join(' ')} hash=${upstreamHash.length})`;
}

function printUpstream({ protocol, balancing, ejection, slowStartMs, limits, endpoints }: Upstream): string {
  const { algorithm, boundedLoad, hashBy, subsetSize } = balancing;
  const how = [
    `${protocol} ${algorithm}${hashBy === undefined ? '' : `(${hashBy})`}`,
    ...(subsetSize === undefined ? [] : [`subset=${subsetSize}`]),
    ...(boundedLoad === undefined ? [] : [`bounded=${boundedLoad}`]),
    ...(slowStartMs === undefined ? [] : [`slow-start=${slowStartMs}`]),
  ].join(' ');
  const out = ejection === undefined ? [] : [printEjection(ejection)];
  const limited = limits === undefined ? [] : [printLimits(limits)];
  return [how, ...out, ...limited, ...endpoints.map(printEndpoint)].join(', ');
}

function printEjection(policy: EjectionPolicy): string {
  return `ejection(${Object.entries(policy)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')})`;
}

function printLimits(limits: UpstreamLimits): string {
  return `limits(${Object.entries(limits)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')})`;
}

function printEndpoint({ id, state, weight, zone, near, pod }: Endpoint): string {
  return [
    id,
    state === 'ready' ? '' : state,
    weight === 1 ? '' : `weight=${weight}`,
    zone === undefined ? '' : `zone=${zone}`,
    near === true ? 'near' : '',
    pod === undefined ? '' : `(${pod.name})`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function checksOf(checks: Compilation['healthChecks']): Record<string, unknown> {
  return fromMap(checks, (byEndpoint: ReadonlyMap<EndpointId, HealthCheck>) => fromMap(byEndpoint, printCheck));
}

function printCheck(check: HealthCheck): string {
  const { kind, address, port, path, scheme, headers, service, periodMs, timeoutMs, expectedStatus } = check;
  const where = kind === 'http' ? `${scheme}://${address}:${port}${path}` : `${address}:${port}${service && ` ${service}`}`;
  const counts = `${check.successThreshold} up, ${check.failureThreshold} down`;
  const withHeaders = headers.length === 0 ? '' : ` ${headers.join(' ')}`;
  const statuses = expectedStatus === undefined ? '' : ` expecting ${expectedStatus.map((range) => range.join('-')).join()}`;
  return `${kind} ${where}${withHeaders}${statuses} every ${periodMs} ms within ${timeoutMs} ms, ${counts}`;
}
