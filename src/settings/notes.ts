import type { SettingProblem } from './problem.ts';
import type { Settings } from './settings.ts';

/** What is worth a line in the log about settings that are right each by itself. */
export function settingNotes(settings: Settings): readonly SettingProblem[] {
  return [selectorWithoutCluster, openProxies].flatMap((note) => note(settings) ?? []);
}

function selectorWithoutCluster(settings: Settings): SettingProblem | undefined {
  if (settings.manifests === '' || settings.watchNamespaceSelector === '') return undefined;
  return {
    severity: 'warning',
    where: '--watch-namespace-selector',
    what: '--watch-namespace-selector has no effect beside --manifests',
    why: 'objects of all namespaces in the folder count',
    fix: 'Name the namespaces with --watch-namespace.',
  };
}

/** With a ConfigMap, which may name the addresses, it is said of the ConfigMap: see `control/compile/config-map.ts`. */
function openProxies(settings: Settings): SettingProblem | undefined {
  if (settings.configMap !== '' || !settings.useForwardedHeaders || settings.proxyRealIpCidr.length > 0) {
    return undefined;
  }
  return {
    severity: 'warning',
    where: '--use-forwarded-headers',
    what: 'X-Forwarded headers of every client are believed',
    why: '--use-forwarded-headers is on and --proxy-real-ip-cidr names no addresses',
    fix: 'Write the addresses of the load balancer into --proxy-real-ip-cidr.',
  };
}
