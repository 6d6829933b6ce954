import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Ingress } from '../objects/kinds.ts';
import { createCanaryMerger } from './canary.ts';
import { resolveCertificates } from './certificates.ts';
import type { ResolvedCertificates } from './certificates.ts';
import { selectIngresses, withoutForeign } from './classes.ts';
import type { Compilation, CompileInput, Compiler } from './compilation.ts';
import { configMapOf, configure } from './config-map.ts';
import { defaultBackendOf } from './default-backend.ts';
import { boundDiagnostics } from './diagnostics.ts';
import { createHostPlanner } from './host-plans.ts';
import { keepEntries, keepEqual, keepItems, rememberLast } from './identity.ts';
import type { IngressPlan } from './ingress-plan.ts';
import { listenersOf } from './listeners.ts';
import { proxyOptions } from './options.ts';
import { planIngress } from './plan-ingress.ts';
import type { HostPlan } from './precedence.ts';
import { orphansOf, statesOf, statusesOf } from './statuses.ts';
import { createUpstreamPlanner } from './upstream-plan.ts';
import { UpstreamMemory } from './upstreams.ts';
import { createHostFinisher } from './virtual-hosts.ts';

/** Compiles from nothing. Never throws for what users wrote: that becomes diagnostics. */
export function compile(input: CompileInput): Compilation {
  return createCompiler()(input);
}

/** A compiler that reuses what did not change since its last run. What comes out is the same as from `compile`. */
export function createCompiler(): Compiler {
  const configured = rememberLast(configure);
  // Everything below depends on the effective settings; others begin without memory.
  const stepsFor = rememberLast((settings: Settings) => createSteps(settings));
  return (input) => {
    const { settings, diagnostics } = configured(input.settings, configMapOf(input.settings, input.objects));
    return stepsFor(settings)(input, diagnostics);
  };
}

/** The table of contents: each step is one file, takes what the steps before it made, and remembers its last run. */
function createSteps(settings: Settings): (input: CompileInput, configured: readonly Diagnostic[]) => Compilation {
  const defaultBackend = defaultBackendOf(settings);
  const select = rememberLast(selectIngresses);
  const plan = createPlanner(settings);
  const planHosts = rememberLast(createHostPlanner(defaultBackend));
  const mergeCanaries = rememberLast(createCanaryMerger());
  const claims = rememberLast((plans: readonly IngressPlan[]) => [
    ...plans.flatMap((one) => one.backends),
    ...(defaultBackend === undefined ? [] : [defaultBackend.claim]),
  ]);
  const planUpstreams = rememberLast(createUpstreamPlanner(settings));
  const upstreams = new UpstreamMemory(settings);
  const findCertificates = createCertificateStep(settings);
  const finishHosts = rememberLast(createHostFinisher());
  const listeners = listenersOf(settings);
  const report = createReport();

  return (input, configured) => {
    const { objects, publishedAddresses, version } = input;
    const zone = settings.zone === 'auto' ? (input.zone ?? '') : settings.zone;
    const ingresses = objects.list('Ingress');
    const selected = select(ingresses, objects.list('IngressClass'), settings);
    const plans = plan(selected.ours);
    const canaries = mergeCanaries(planHosts(plans), plans);
    const { hosts } = canaries;
    const behind = upstreams.resolve(planUpstreams(claims(plans)), objects, zone);
    const found = findCertificates(hosts, input);
    const diagnostics = report.diagnostics(
      configured,
      report.decoded(objects.diagnostics(), ingresses, selected.ours),
      selected.diagnostics,
      report.ofPlans(plans),
      report.ofHosts(hosts),
      canaries.diagnostics,
      behind.diagnostics,
      found.diagnostics,
    );
    return {
      snapshot: {
        version,
        listeners,
        virtualHosts: finishHosts(hosts, found.hosts),
        upstreams: behind.upstreams,
        certificates: found.certificates,
        options: report.options(settings, found.defaultCertificate),
      },
      diagnostics,
      statuses: report.statuses(plans, publishedAddresses),
      healthChecks: behind.healthChecks,
      ingresses: report.states(plans, hosts, diagnostics),
      orphans: report.orphans(plans, behind.orphans),
    };
  };
}

/** One plan for each version of an Ingress. */
function createPlanner(settings: Settings): (ingresses: readonly Ingress[]) => readonly IngressPlan[] {
  const plans = new WeakMap<Ingress, IngressPlan>();
  const planOf = (ingress: Ingress): IngressPlan => {
    const plan = plans.get(ingress) ?? planIngress(ingress, settings);
    plans.set(ingress, plan);
    return plan;
  };
  let last: readonly IngressPlan[] | undefined;
  return rememberLast((ingresses: readonly Ingress[]) => {
    last = keepItems(last, ingresses.map(planOf));
    return last;
  });
}

/** Secrets, time and hosts seldom change; what is served now matters only while a Secret is missing or broken. */
function createCertificateStep(
  settings: Settings,
): (hosts: readonly HostPlan[], input: CompileInput) => ResolvedCertificates {
  let last: { readonly inputs: readonly unknown[]; readonly result: ResolvedCertificates } | undefined;
  return (hosts, { objects, previous, nowSeconds, defaultCertificate: selfSigned }) => {
    const inputs = [hosts, objects.list('Secret'), nowSeconds, selfSigned];
    const served = last?.result.usedPrevious === true ? [previous] : [];
    if (last !== undefined && keepItems(last.inputs, [...inputs, ...served]) === last.inputs) return last.result;
    const next = resolveCertificates(hosts, { objects, settings, previous, nowSeconds, selfSigned });
    const result = keepCertificates(last?.result, next);
    last = { inputs: result.usedPrevious ? [...inputs, previous] : inputs, result };
    return result;
  };
}

function keepCertificates(last: ResolvedCertificates | undefined, next: ResolvedCertificates): ResolvedCertificates {
  if (last === undefined) return next;
  return {
    ...next,
    hosts: keepEqual(last.hosts, next.hosts),
    certificates: keepEntries(last.certificates, next.certificates),
    diagnostics: keepEqual(last.diagnostics, next.diagnostics),
  };
}

/** What is said beside the snapshot; equal input, the same lists. */
function createReport(): {
  readonly decoded: typeof withoutForeign;
  readonly ofPlans: (plans: readonly IngressPlan[]) => readonly Diagnostic[];
  readonly ofHosts: (hosts: readonly HostPlan[]) => readonly Diagnostic[];
  readonly diagnostics: (...parts: readonly (readonly Diagnostic[])[]) => readonly Diagnostic[];
  readonly options: typeof proxyOptions;
  readonly statuses: typeof statusesOf;
  readonly states: typeof statesOf;
  readonly orphans: typeof orphansOf;
} {
  return {
    decoded: rememberLast(withoutForeign),
    ofPlans: rememberLast((plans: readonly IngressPlan[]) => plans.flatMap((plan) => plan.diagnostics)),
    ofHosts: rememberLast((hosts: readonly HostPlan[]) => hosts.flatMap((host) => host.diagnostics)),
    diagnostics: rememberLast((...parts: readonly (readonly Diagnostic[])[]) => boundDiagnostics(parts.flat())),
    options: rememberLast(proxyOptions),
    statuses: rememberLast(statusesOf),
    states: rememberLast(statesOf),
    orphans: rememberLast(orphansOf),
  };
}
