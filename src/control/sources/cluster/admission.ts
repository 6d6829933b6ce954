import type { KubeObject } from '../../objects/kinds.ts';
import type { ScopeSettings } from './scopes.ts';
import { selectsNamespaces } from './scopes.ts';

/**
 * Which objects count when `--watch-namespace-selector` chooses namespaces by their labels: those of namespaces that
 * match now, and the few that the settings name wherever they are. Without a selector everything that arrives counts.
 */
export class Admission {
  readonly #selecting: boolean;
  readonly #settings: ScopeSettings;
  readonly #matching: Set<string> = new Set();
  #known: boolean;

  constructor(settings: ScopeSettings) {
    this.#settings = settings;
    this.#selecting = selectsNamespaces(settings);
    this.#known = !this.#selecting;
  }

  /** False until the namespaces have been listed once: before, nobody can say what counts. */
  get known(): boolean {
    return this.#known;
  }

  listed(): void {
    this.#known = true;
  }

  match(namespace: string): void {
    this.#matching.add(namespace);
  }

  unmatch(namespace: string): void {
    this.#matching.delete(namespace);
  }

  /** For what is not specific to one object; cluster-scoped objects always count. */
  admitsNamespace(namespace: string): boolean {
    return !this.#selecting || namespace === '' || this.#matching.has(namespace);
  }

  admits(object: KubeObject): boolean {
    return this.admitsNamespace(object.namespace) || this.#isNamed(object);
  }

  /** With `--secret-namespaces` the operator has said which Secrets are read. */
  #isNamed(object: KubeObject): boolean {
    const { configMap, publishService, defaultBackendService, defaultSslCertificate, secretNamespaces } =
      this.#settings;
    const key = `${object.namespace}/${object.name}`;
    switch (object.kind) {
      case 'ConfigMap':
        return key === configMap;
      case 'Service':
        return key === publishService || key === defaultBackendService;
      case 'Endpoints':
        return key === defaultBackendService;
      case 'EndpointSlice':
        return `${object.namespace}/${object.service}` === defaultBackendService;
      case 'Pod':
        return object.namespace === defaultBackendService.split('/')[0];
      case 'Secret':
        return key === defaultSslCertificate || secretNamespaces.includes(object.namespace);
      case 'Ingress':
      case 'IngressClass':
      case 'Namespace':
        return false;
    }
  }
}
