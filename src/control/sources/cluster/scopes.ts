import type { Kind } from '../../../model/object-ref.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { Scope } from './resources.ts';
import { resources } from './resources.ts';

export type ScopeSettings = Pick<
  Settings,
  | 'configMap'
  | 'watchNamespaces'
  | 'watchNamespaceSelector'
  | 'secretNamespaces'
  | 'publishService'
  | 'defaultBackendService'
  | 'defaultSslCertificate'
  | 'healthChecks'
>;

/** Where the endpoints of Services stand: EndpointSlices, or core Endpoints on clusters that serve no slices. */
export type EndpointsKind = 'EndpointSlice' | 'Endpoints';

/** Whether namespaces are chosen by their labels; a list of names wins over the selector. */
export function selectsNamespaces(settings: ScopeSettings): boolean {
  return settings.watchNamespaces.length === 0 && settings.watchNamespaceSelector !== '';
}

/**
 * Everything that is followed, one entry per list-watch. Nothing overlaps: an object arrives through one scope only.
 * Rights: list and watch on each, never get (threats section 7.1).
 */
export function scopesOf(settings: ScopeSettings, endpoints: EndpointsKind): Scope[] {
  const namespaces = settings.watchNamespaces.length === 0 ? [''] : unique(settings.watchNamespaces);
  const secretNamespaces = settings.secretNamespaces.length === 0 ? namespaces : unique(settings.secretNamespaces);
  const everywhere: readonly Kind[] = ['Ingress', 'Service', endpoints];
  return [
    scope('IngressClass', ''),
    ...everywhere.flatMap((kind) => namespaces.map((namespace) => scope(kind, namespace))),
    ...secretNamespaces.map((namespace) => scope('Secret', namespace, tlsSecrets)),
    ...(settings.healthChecks === 'off' ? [] : namespaces.map((namespace) => scope('Pod', namespace, runningPods))),
    ...(selectsNamespaces(settings) ? [scope('Namespace', '', '', settings.watchNamespaceSelector)] : []),
    ...named('ConfigMap', settings.configMap, []),
    ...outside(settings, namespaces, secretNamespaces, endpoints),
  ];
}

const tlsSecrets = 'type=kubernetes.io/tls';
/** Only running pods have endpoints; pods that come and go in Jobs need not be told to us. */
const runningPods = 'status.phase=Running';

/** Single objects that the settings name in namespaces which are not watched. */
function outside(
  settings: ScopeSettings,
  namespaces: readonly string[],
  secretNamespaces: readonly string[],
  endpoints: EndpointsKind,
): Scope[] {
  const backend = settings.defaultBackendService;
  const publish = settings.publishService === backend ? '' : settings.publishService;
  return [
    ...named('Service', publish, namespaces),
    ...named('Service', backend, namespaces),
    ...(endpoints === 'Endpoints' ? named('Endpoints', backend, namespaces) : slicesOf(backend, namespaces)),
    ...named('Secret', settings.defaultSslCertificate, secretNamespaces, tlsSecrets),
  ];
}

/** One object by name, unless its namespace is watched anyway. @param key  `namespace/name`, or empty for none */
function named(kind: Kind, key: string, watched: readonly string[], fields = ''): Scope[] {
  const [namespace = '', name = ''] = key.split('/');
  if (name === '' || covers(watched, namespace)) return [];
  return [scope(kind, namespace, [`metadata.name=${name}`, fields].filter((part) => part !== '').join(','))];
}

function slicesOf(service: string, watched: readonly string[]): Scope[] {
  const [namespace = '', name = ''] = service.split('/');
  if (name === '' || covers(watched, namespace)) return [];
  return [scope('EndpointSlice', namespace, '', `kubernetes.io/service-name=${name}`)];
}

function covers(watched: readonly string[], namespace: string): boolean {
  return watched.includes('') || watched.includes(namespace);
}

function scope(kind: Kind, namespace: string, fieldSelector = '', labelSelector = ''): Scope {
  return { resource: resources[kind], namespace, fieldSelector, labelSelector };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
