import type { BalancingAlgorithm } from '../../../model/upstream.ts';
import type { AnnotationGroup } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { anyCaseChoice, choice, decimal, duration, flag, hashText, wholeNumber } from '../value-kind.ts';
import type { BalancingValues } from './balancing-wish.ts';
import { problemsOf, wishOf } from './balancing-wish.ts';

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

const hourMs = 3_600_000;

/** How requests are spread over endpoints, and how endpoints are spoken to. */
export const balancing: AnnotationGroup = defineGroup<BalancingValues>({
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
    upstreamHashBySubset: {
      key: 'upstream-hash-by-subset',
      value: flag(),
      scope: 'upstream',
      risk: 'low',
      doc: 'Equal text leads to the same few endpoints, of which each request takes one at random.',
      example: 'true',
      deviation:
        'Each text has a subset of its own, its best choices, where ingress-nginx cuts the endpoints into fixed groups: an endpoint that comes or goes changes one place in the subsets it is in, and no other.',
    },
    upstreamHashBySubsetSize: {
      key: 'upstream-hash-by-subset-size',
      value: wholeNumber(0, 1000),
      scope: 'upstream',
      risk: 'low',
      doc: 'Endpoints of each subset; 0 is 3, as is none.',
      example: '2',
    },
    hashBalanceFactor: {
      key: 'hash-balance-factor',
      own: true,
      value: decimal(1.05, 10),
      scope: 'upstream',
      risk: 'low',
      doc: 'With upstream-hash-by or ip_hash: an endpoint that holds more than so many times the mean of all is passed by, and the next choice of the text takes the request. Counted in each data worker.',
      example: '1.25',
    },
    zoneRouting: {
      key: 'zone-routing',
      own: true,
      value: choice(['hints', 'prefer', 'off']),
      scope: 'upstream',
      risk: 'low',
      doc: 'hints: as kube-proxy, only endpoints that the EndpointSlices hint for the zone of this replica get requests, when every ready endpoint has hints. prefer: endpoints in the same zone, whatever the hints. off: all zones alike. All zones help when less than half of those endpoints can take requests. If absent, hints; off where requests or sessions are hashed, which must go to the same endpoint from replicas of every zone, and for canaries.',
      example: 'prefer',
    },
    zoneWeight: {
      key: 'zone-weight',
      own: true,
      value: wholeNumber(1, 1000),
      scope: 'upstream',
      risk: 'low',
      doc: 'With load-balance weighted: an endpoint that is hinted for the zone of this replica, or without hints is in it, weighs so many times more. Takes the place of zone-routing.',
      example: '4',
    },
    slowStartMs: {
      key: 'slow-start',
      own: true,
      value: duration(0, hourMs),
      scope: 'upstream',
      risk: 'low',
      doc: 'An endpoint that gets ready, passes its check again or is back after its ejection, gets a share that grows in this time from a tenth to all of it. Not with hash and ip_hash, where keys stay where they belong, nor when all endpoints are new. 0 is off.',
      example: '30s',
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
  meaning: (values, settings) => {
    const problems = problemsOf(values, settings);
    return { upstream: wishOf(values), ...(problems.length === 0 ? {} : { problems }) };
  },
});

function algorithmNames(): readonly BalancingAlgorithm[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a record over the union
  return Object.keys(algorithms) as BalancingAlgorithm[];
}
