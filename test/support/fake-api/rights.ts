/** One line of a Role: what it allows, in which namespace, on which names. */
export interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly namespace?: string;
  readonly names?: readonly string[];
}

/** What somebody asked for, as the API server's authoriser sees it. */
export interface Attributes {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly namespace: string;
  readonly name: string | undefined;
}

/**
 * Exactly what the chart grants (threats section 7.1), and list and watch on pods for their probes.
 * @param own  Fairway's own namespace
 */
export function rightsOfFairway(own: string, electionId: string, configMaps: readonly string[] = []): Right[] {
  const read = ['list', 'watch'];
  return [
    { group: '', resource: 'services', verbs: read },
    { group: '', resource: 'secrets', verbs: read },
    { group: '', resource: 'pods', verbs: read },
    { group: '', resource: 'namespaces', verbs: read },
    { group: '', resource: 'nodes', verbs: ['get'] },
    { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: read },
    { group: 'networking.k8s.io', resource: 'ingresses', verbs: read },
    { group: 'networking.k8s.io', resource: 'ingressclasses', verbs: read },
    { group: 'networking.k8s.io', resource: 'ingresses/status', verbs: ['patch'] },
    { group: 'events.k8s.io', resource: 'events', verbs: ['create', 'patch'] },
    { group: 'coordination.k8s.io', resource: 'leases', verbs: ['create'], namespace: own },
    {
      group: 'coordination.k8s.io',
      resource: 'leases',
      verbs: ['get', 'update', 'patch'],
      namespace: own,
      names: [electionId],
    },
    { group: '', resource: 'configmaps', verbs: ['get', ...read], namespace: own, names: configMaps },
  ];
}

export function isAllowed(rights: readonly Right[], asked: Attributes): boolean {
  return rights.some(
    (right) =>
      right.group === asked.group &&
      right.resource === asked.resource &&
      right.verbs.includes(asked.verb) &&
      (right.namespace === undefined || right.namespace === asked.namespace) &&
      (right.names === undefined || (asked.name !== undefined && right.names.includes(asked.name))),
  );
}
