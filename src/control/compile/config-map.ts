import type { Diagnostic } from '../../model/diagnostic.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { effectiveSettings } from '../../settings/config-map.ts';
import type { Settings } from '../../settings/settings.ts';
import type { ConfigMap } from '../objects/kinds.ts';
import type { ObjectView } from '../objects/object-store.ts';
import { diagnose } from './diagnostics.ts';

/** Settings with the ConfigMap applied, and what is wrong with it. */
export interface ConfiguredSettings {
  readonly settings: Settings;
  readonly diagnostics: readonly Diagnostic[];
}

/** The ConfigMap that `--configmap` names; undefined when it names none or there is none. */
export function configMapOf(settings: Settings, objects: ObjectView): ConfigMap | undefined {
  const ref = configMapRef(settings);
  return ref === undefined ? undefined : objects.get('ConfigMap', ref.namespace, ref.name);
}

/** Applies the keys of the ConfigMap. A missing one is worth a word: a wrong name would change nothing, silently. */
export function configure(settings: Settings, configMap: ConfigMap | undefined): ConfiguredSettings {
  const ref = configMapRef(settings);
  if (ref === undefined) return { settings, diagnostics: openProxies(settings, undefined) };
  if (configMap === undefined) {
    return { settings, diagnostics: [missing(settings, ref), ...openProxies(settings, ref)] };
  }
  const effective = effectiveSettings(settings, configMap.data);
  const keys = effective.problems.map(({ severity, where, what, why, fix }) =>
    diagnose(ref, `data[${where}]`, { code: 'config-map-key', severity, what, why, fix }),
  );
  return { settings: effective.settings, diagnostics: [...keys, ...openProxies(effective.settings, ref)] };
}

function configMapRef({ configMap }: Settings): ObjectRef | undefined {
  const [namespace, name] = configMap.split('/');
  return namespace === undefined || name === undefined ? undefined : { kind: 'ConfigMap', namespace, name };
}

function missing(settings: Settings, ref: ObjectRef): Diagnostic {
  return diagnose(ref, '', {
    code: 'config-map-missing',
    what: `ConfigMap \`${settings.configMap}\` changes nothing`,
    why: 'it does not exist',
    fix: 'Create it, or correct --configmap.',
  });
}

/** Said on the ConfigMap where there is one, else on the IngressClass: both belong to the operator. */
function openProxies(settings: Settings, ref: ObjectRef | undefined): readonly Diagnostic[] {
  if (!settings.useForwardedHeaders || settings.proxyRealIpCidr.length > 0) return [];
  const object: ObjectRef = ref ?? { kind: 'IngressClass', namespace: '', name: settings.ingressClass };
  const problem = {
    code: 'trusted-proxies-open',
    what: 'X-Forwarded headers of every client are believed',
    why: 'use-forwarded-headers is on and proxy-real-ip-cidr names no addresses',
    fix: 'Write the addresses of the load balancer into proxy-real-ip-cidr.',
  } as const;
  return [diagnose(object, ref === undefined ? '' : 'data[use-forwarded-headers]', problem)];
}
