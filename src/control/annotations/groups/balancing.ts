import type { BalancingAlgorithm } from '../../../model/upstream.ts';
import type { AnnotationGroup, Meaning, MeaningProblem, UpstreamWish } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { anyCaseChoice, choice, flag, hashText } from '../value-kind.ts';

type BackendProtocol = 'HTTP' | 'HTTPS' | 'AUTO_HTTP' | 'GRPC' | 'GRPCS' | 'FCGI';

interface Values {
  readonly loadBalance: BalancingAlgorithm;
  readonly upstreamHashBy: string;
  readonly serviceUpstream: boolean;
  readonly backendProtocol: BackendProtocol;
}

/** Names as users write them; a table so that an algorithm without a name does not compile. */
const algorithms: Readonly<Record<BalancingAlgorithm, true>> = {
  round_robin: true,
  least_conn: true,
  random_two: true,
  ewma: true,
  hash: true,
  ip_hash: true,
  weighted: true,
};

/** Spellings of F5's controller, which occur in manifests for ingress-nginx. */
const otherSpellings: Readonly<Record<string, BalancingAlgorithm>> = {
  random: 'random_two',
  'random two': 'random_two',
  'random two least_conn': 'random_two',
};

/** How requests are spread over endpoints, and how endpoints are spoken to. */
export const balancing: AnnotationGroup = defineGroup<Values>({
  title: 'Load balancing and upstreams',
  annotations: {
    loadBalance: {
      key: 'load-balance',
      value: choice(algorithmNames(), otherSpellings),
      scope: 'upstream',
      risk: 'low',
      doc: 'Algorithm that chooses the endpoint of each request.',
      example: 'ewma',
      deviation:
        'Also least_conn, random_two, ip_hash, hash and weighted. The internal names chash, chashsubset and sticky_* are refused. A wrong name does not take the Ingress down.',
    },
    upstreamHashBy: {
      key: 'upstream-hash-by',
      value: hashText(),
      scope: 'upstream',
      risk: 'high',
      doc: 'Consistent hash over this text with variables: equal text, equal endpoint. Comes before load-balance.',
      example: '$request_uri',
      deviation: 'A variable that Fairway does not know is refused, where nginx takes it for empty.',
    },
    serviceUpstream: {
      key: 'service-upstream',
      value: flag(),
      scope: 'upstream',
      risk: 'low',
      doc: "Sends to the Service's own address instead of its endpoints, as service meshes want it.",
      example: 'true',
    },
    backendProtocol: {
      key: 'backend-protocol',
      value: anyCaseChoice(['HTTP', 'HTTPS', 'AUTO_HTTP', 'GRPC', 'GRPCS', 'FCGI']),
      scope: 'upstream',
      risk: 'low',
      doc: 'Protocol that the endpoints speak. AUTO_HTTP is the scheme that the client came with.',
      example: 'HTTPS',
      deviation: 'Belongs to the upstream, not to the path. GRPC, GRPCS and FCGI are not served yet: 503.',
    },
  },
  meaning: (values) => {
    const problems = [...hashProblems(values), ...protocolProblems(values.backendProtocol)];
    return { upstream: wishOf(values), ...(problems.length === 0 ? {} : { problems }) } satisfies Meaning;
  },
});

function algorithmNames(): readonly BalancingAlgorithm[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a record over the union
  return Object.keys(algorithms) as BalancingAlgorithm[];
}

function wishOf({ loadBalance, upstreamHashBy, serviceUpstream, backendProtocol }: Partial<Values>): UpstreamWish {
  const protocol = protocolOf(backendProtocol);
  return {
    ...(upstreamHashBy !== undefined
      ? { balancing: { algorithm: 'hash', hashBy: upstreamHashBy } }
      : loadBalance !== undefined && loadBalance !== 'hash' && { balancing: { algorithm: loadBalance } }),
    ...(serviceUpstream === undefined ? {} : { serviceUpstream }),
    ...(protocol === undefined ? {} : { protocol }),
  };
}

function protocolOf(written: BackendProtocol | undefined): UpstreamWish['protocol'] {
  switch (written) {
    case 'HTTP':
      return 'http';
    case 'HTTPS':
      return 'https';
    case 'AUTO_HTTP':
      return 'as-client';
    case 'GRPC':
    case 'GRPCS':
    case 'FCGI':
    case undefined:
      return undefined;
  }
}

function hashProblems({ loadBalance, upstreamHashBy }: Partial<Values>): MeaningProblem[] {
  if (loadBalance !== 'hash' || upstreamHashBy !== undefined) return [];
  return [
    {
      key: 'load-balance',
      why: 'hash needs upstream-hash-by, which says what is hashed',
      fix: 'Add upstream-hash-by, for example "$request_uri", or write ip_hash.',
      outcome: 'invalid',
    },
  ];
}

function protocolProblems(written: BackendProtocol | undefined): MeaningProblem[] {
  if (written === 'FCGI') {
    const fix = 'Put a web server in front of the FastCGI program, and send to its HTTP port.';
    return [{ key: 'backend-protocol', why: 'FastCGI is not served', fix, outcome: 'closes' }];
  }
  if (written !== 'GRPC' && written !== 'GRPCS') return [];
  const fix =
    'Send to an HTTP/1.1 port of the Service with backend-protocol HTTP or HTTPS, or keep this Ingress with a controller that serves gRPC.';
  return [{ key: 'backend-protocol', why: `${written} is not served yet`, fix, outcome: 'closes' }];
}
