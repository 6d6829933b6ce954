import type { EndpointId } from '../../model/ids.ts';
import { endpointId } from '../../model/ids.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Endpoints, EndpointSlice, Pod, ServicePort } from '../objects/kinds.ts';

/** What stands behind a Service, as one compilation sees it. */
export interface ServiceSources {
  /** In order of their names. */
  readonly slices: readonly EndpointSlice[];
  /** Counts only when there is no slice. */
  readonly legacy: Endpoints | undefined;
  readonly pod: (name: string) => Pod | undefined;
  /** Of this replica; empty when it is not known. */
  readonly zone: string;
}

/** An endpoint before its pod is looked at. */
export interface EndpointCandidate {
  readonly id: EndpointId;
  readonly address: string;
  readonly port: number;
  readonly state: 'ready' | 'draining';
  readonly zone?: string;
  readonly zoneHints?: readonly string[];
  /** Name, in the namespace of the Service. */
  readonly pod?: string;
}

/** Endpoints of one Service port, and why some are missing. */
export interface FoundEndpoints {
  /** Unique by address and port, in the order of their ids. */
  readonly candidates: readonly EndpointCandidate[];
  /** Endpoints that have a DNS name instead of an address; they are not among the candidates. */
  readonly names: readonly EndpointCandidate[];
  /** Name of a slice whose endpoints are left out because Kubernetes does not manage them. */
  readonly unmanaged?: string;
  /** Name of a slice that gives no number for the port. */
  readonly withoutPort?: string;
  /** Endpoints there are, but none of them can take requests now. */
  readonly notReady: boolean;
}

/** Source: Kubernetes, well-known label `endpointslice.kubernetes.io/managed-by`; threats R-72. */
const managers: ReadonlySet<string> = new Set([
  'endpointslice-controller.k8s.io',
  'endpointslicemirroring-controller.k8s.io',
]);

/**
 * Slices carry the port number that the kubelet of their pods resolved, under the name of the Service port: pods whose
 * target port has the same name and another number stand in another slice.
 * Source: Kubernetes API, EndpointSlice v1; drain.md section 5.
 */
export function findEndpoints(
  port: ServicePort,
  sources: ServiceSources,
  policy: Settings['endpointsPolicy'],
): FoundEndpoints {
  const gathering = new Gathering(port, policy);
  for (const slice of sources.slices) gathering.addSlice(slice);
  if (sources.slices.length === 0 && sources.legacy !== undefined) gathering.addLegacy(sources.legacy);
  return gathering.result();
}

class Gathering {
  readonly #port: ServicePort;
  readonly #policy: Settings['endpointsPolicy'];
  readonly #candidates = new Map<EndpointId, EndpointCandidate>();
  readonly #names = new Map<EndpointId, EndpointCandidate>();
  #unmanaged: string | undefined;
  #withoutPort: string | undefined;
  #notReady = false;

  constructor(port: ServicePort, policy: Settings['endpointsPolicy']) {
    this.#port = port;
    this.#policy = policy;
  }

  addSlice(slice: EndpointSlice): void {
    const managed = this.#policy === 'any' || managers.has(slice.managedBy);
    if (!managed) this.#unmanaged ??= slice.name;
    const numbers = managed ? this.#numbersOf(slice.ports, slice.name) : [];
    if (numbers.length === 0) return;
    for (const { addresses, ready, serving, terminating, zone, zoneHints, pod } of slice.endpoints) {
      if (this.#policy === 'managed-only' && pod === undefined) {
        this.#unmanaged ??= slice.name;
        continue;
      }
      // `ready` alone decides; a terminating endpoint is ready only when its Service publishes what is not ready.
      const state = ready ? 'ready' : serving && terminating ? 'draining' : undefined;
      if (state === undefined) this.#notReady = true;
      else this.#add(addresses, numbers, { state, zone, zoneHints, pod, named: slice.addressType === 'FQDN' });
    }
  }

  addLegacy({ name, subsets }: Endpoints): void {
    for (const { ready, notReady, ports } of subsets) {
      const numbers = this.#numbersOf(ports, name);
      for (const { ip, pod } of ready) {
        if (this.#policy === 'managed-only' && pod === undefined) this.#unmanaged ??= name;
        else this.#add([ip], numbers, { state: 'ready', pod, named: false });
      }
      if (notReady.length > 0) this.#notReady = true;
    }
  }

  result(): FoundEndpoints {
    return {
      candidates: sorted(this.#candidates),
      names: sorted(this.#names),
      ...(this.#unmanaged === undefined ? {} : { unmanaged: this.#unmanaged }),
      ...(this.#withoutPort === undefined ? {} : { withoutPort: this.#withoutPort }),
      notReady: this.#notReady,
    };
  }

  #numbersOf(ports: EndpointSlice['ports'], owner: string): readonly number[] {
    const own = ports.filter(({ name, protocol }) => name === this.#port.name && protocol === 'TCP');
    if (own.some(({ port }) => port === undefined)) this.#withoutPort ??= owner;
    return own.flatMap(({ port }) => port ?? []);
  }

  /** The same address and port may stand in two slices while one takes over from the other: ready wins. */
  #add(
    addresses: readonly string[],
    numbers: readonly number[],
    endpoint: {
      readonly state: EndpointCandidate['state'];
      readonly zone?: string | undefined;
      readonly zoneHints?: readonly string[] | undefined;
      readonly pod: string | undefined;
      readonly named: boolean;
    },
  ): void {
    const { state, zone, zoneHints, pod, named } = endpoint;
    const place = {
      ...(zone !== undefined && { zone }),
      ...(zoneHints !== undefined && { zoneHints }),
      ...(pod !== undefined && { pod }),
    };
    const into = named ? this.#names : this.#candidates;
    for (const address of addresses) {
      for (const port of numbers) {
        const id = endpointId(address, port);
        if (into.get(id)?.state === 'ready') continue;
        into.set(id, { id, address, port, state, ...place });
      }
    }
  }
}

function sorted(candidates: ReadonlyMap<EndpointId, EndpointCandidate>): readonly EndpointCandidate[] {
  return [...candidates.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
