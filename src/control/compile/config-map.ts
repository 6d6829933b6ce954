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
  if (ref === undefined) return { settings, diagnostics: [] };
  if (configMap === undefined) {
    return { settings, diagnostics: [missing(settings, ref), ...openProxies(settings, ref, {})] };
  }
  const effective = effectiveSettings(settings, configMap.data);
  const keys = effective.problems.map(({ severity, where, what, why, fix }) =>
    diagnose(ref, `data[${where}]`, { code: 'config-map-key', severity, what, why, fix }),
  );
  return {
    settings: effective.settings,
    diagnostics: [...keys, ...openProxies(effective.settings, ref, configMap.data)],
  };
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

/** Without a ConfigMap it is a note at the start: see `settings/notes.ts`. */
function openProxies(settings: Settings, ref: ObjectRef, data: ConfigMap['data']): readonly Diagnostic[] {
  if (!settings.useForwardedHeaders || settings.proxyRealIpCidr.length > 0) return [];
  // Written on the command line, the key that is missing is the other one.
  const key = Object.hasOwn(data, 'use-forwarded-headers') ? 'use-forwarded-headers' : 'proxy-real-ip-cidr';
  return [
    diagnose(ref, `data[${key}]`, {
      code: 'trusted-proxies-open',
      what: 'X-Forwarded headers of every client are believed',
      why: 'use-forwarded-headers is on and proxy-real-ip-cidr names no addresses',
      fix: 'Write the addresses of the load balancer into proxy-real-ip-cidr.',
    }),
  ];
}
