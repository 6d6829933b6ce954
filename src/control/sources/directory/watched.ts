import type { ObjectRef } from '../../../model/object-ref.ts';
import { keyOf } from '../../../model/object-ref.ts';
import type { Settings } from '../../../settings/settings.ts';

export type WatchSettings = Pick<
  Settings,
  'watchNamespaces' | 'secretNamespaces' | 'publishService' | 'defaultBackendService' | 'defaultSslCertificate'
>;

/** Whether an object counts, by its kind, namespace and name. Cluster-scoped ones, ConfigMaps and files always do. */
export type Watched = (object: ObjectRef) => boolean;

/**
 * What `--watch-namespace` and `--secret-namespaces` leave of a folder: the same as of a cluster, where objects that other
 * settings name count as well (`sources/cluster/scopes.ts`).
 */
export function watchedObjects(settings: WatchSettings): Watched {
  const { watchNamespaces, publishService, defaultBackendService, defaultSslCertificate } = settings;
  const namespaces = new Set(watchNamespaces);
  const secrets = settings.secretNamespaces.length === 0 ? namespaces : new Set(settings.secretNamespaces);
  const covers = (set: ReadonlySet<string>, namespace: string): boolean => set.size === 0 || set.has(namespace);
  const [backendNamespace = ''] = defaultBackendService.split('/');
  return (object) => {
    switch (object.kind) {
      case 'Ingress':
      case 'Pod':
        return covers(namespaces, object.namespace);
      case 'Service':
        return covers(namespaces, object.namespace) || [publishService, defaultBackendService].includes(keyOf(object));
      // Which Service they belong to does not matter here: none but the default backend leads into this namespace.
      case 'EndpointSlice':
      case 'Endpoints':
        return covers(namespaces, object.namespace) || object.namespace === backendNamespace;
      case 'Secret':
        return covers(secrets, object.namespace) || keyOf(object) === defaultSslCertificate;
      case 'IngressClass':
      case 'Namespace':
      case 'ConfigMap':
      case 'File':
        return true;
    }
  };
}
