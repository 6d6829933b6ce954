import type { Balancing, BalancingAlgorithm, UpstreamProtocol } from '../../../model/upstream.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { MeaningProblem, UpstreamWish, ZoneRouting } from '../definition.ts';

export type BackendProtocol = 'HTTP' | 'HTTPS' | 'AUTO_HTTP' | 'GRPC' | 'GRPCS' | 'FCGI';

/** Values of the annotations of `balancing.ts`. */
export interface BalancingValues {
  readonly loadBalance: BalancingAlgorithm;
  readonly upstreamHashBy: string;
  readonly upstreamHashBySubset: boolean;
  readonly upstreamHashBySubsetSize: number;
  readonly hashBalanceFactor: number;
  readonly zoneRouting: ZoneRouting;
  readonly zoneWeight: number;
  readonly slowStartMs: number;
  readonly serviceUpstream: boolean;
  readonly backendProtocol: BackendProtocol;
}

type Some = Partial<BalancingValues>;

/** Of a subset whose size is 0 or not written. Source: ingress-nginx internal/ingress/annotations/upstreamhashby. */
const defaultSubsetSize = 3;

export function wishOf(values: Some): UpstreamWish {
  const { backendProtocol, serviceUpstream, slowStartMs, zoneRouting, zoneWeight } = values;
  const balancing = balancingOf(values);
  const protocol = protocolOf(backendProtocol);
  return {
    ...(balancing !== undefined && { balancing }),
    ...(serviceUpstream !== undefined && { serviceUpstream }),
    ...(protocol !== undefined && { protocol }),
    ...(slowStartMs !== undefined && { slowStartMs }),
    ...(zoneRouting !== undefined && { zoneRouting }),
    ...(zoneWeight !== undefined && { zoneWeight }),
  };
}

function balancingOf(values: Some): Balancing | undefined {
  const { hashBalanceFactor: factor, loadBalance, upstreamHashBy: hashBy } = values;
  const bounded = factor === undefined ? {} : { boundedLoad: factor };
  if (hashBy !== undefined) return { algorithm: 'hash', hashBy, ...subsetOf(values), ...bounded };
  if (loadBalance === undefined || loadBalance === 'hash') return undefined;
  return { algorithm: loadBalance, ...(loadBalance === 'ip_hash' && bounded) };
}

function subsetOf({ upstreamHashBySubset, upstreamHashBySubsetSize = 0 }: Some): Pick<Balancing, 'subsetSize'> {
  if (upstreamHashBySubset !== true) return {};
  return { subsetSize: upstreamHashBySubsetSize === 0 ? defaultSubsetSize : upstreamHashBySubsetSize };
}

function protocolOf(written: BackendProtocol | undefined): UpstreamProtocol | undefined {
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

/** What is written without the annotation that it needs, or beside one that it cannot go with. */
export function problemsOf(values: Some, settings: Settings): MeaningProblem[] {
  const algorithm = values.upstreamHashBy !== undefined ? 'hash' : (values.loadBalance ?? settings.loadBalance);
  return [
    ...hashProblems(values, algorithm),
    ...zoneProblems(values, algorithm),
    ...slowStartProblems(values, algorithm),
    ...protocolProblems(values.backendProtocol),
  ];
}

function hashProblems(values: Some, algorithm: BalancingAlgorithm): MeaningProblem[] {
  const { hashBalanceFactor, loadBalance, upstreamHashBy, upstreamHashBySubset, upstreamHashBySubsetSize } = values;
  const problems: MeaningProblem[] = [];
  const add = (key: string, why: string, fix: string): number => problems.push({ key, why, fix, outcome: 'ignored' });
  if (loadBalance === 'hash' && upstreamHashBy === undefined) {
    const why = 'hash needs upstream-hash-by, which says what is hashed';
    const fix = 'Add upstream-hash-by, for example "$request_uri", or write ip_hash.';
    problems.push({ key: 'load-balance', why, fix, outcome: 'invalid' });
  }
  if (upstreamHashBySubset === true && upstreamHashBy === undefined) {
    add('upstream-hash-by-subset', 'nothing is hashed', 'Add upstream-hash-by, or remove the annotation.');
  }
  if (upstreamHashBySubsetSize !== undefined && upstreamHashBySubset !== true) {
    add('upstream-hash-by-subset-size', 'keys have no subsets', 'Add upstream-hash-by-subset: "true", or remove it.');
  }
  if (hashBalanceFactor !== undefined && algorithm !== 'hash' && loadBalance !== 'ip_hash') {
    add('hash-balance-factor', 'nothing is hashed', 'Add upstream-hash-by or load-balance: ip_hash, or remove it.');
  }
  return problems;
}

function zoneProblems({ zoneRouting, zoneWeight }: Some, algorithm: BalancingAlgorithm): MeaningProblem[] {
  if (zoneWeight === undefined) return [];
  if (algorithm !== 'weighted') {
    const why = `the algorithm is ${algorithm}, and only weighted knows weights`;
    return [{ key: 'zone-weight', why, fix: 'Add load-balance: weighted, or remove it.', outcome: 'ignored' }];
  }
  if (zoneRouting === undefined || zoneRouting === 'off') return [];
  const why = `zone-routing is ${zoneRouting}, so the endpoints of the own zone get all requests`;
  return [{ key: 'zone-weight', why, fix: 'Remove one of the two.', outcome: 'ignored' }];
}

function slowStartProblems({ slowStartMs = 0 }: Some, algorithm: BalancingAlgorithm): MeaningProblem[] {
  if (slowStartMs === 0 || (algorithm !== 'hash' && algorithm !== 'ip_hash')) return [];
  const why = 'keys that are hashed go where they belong from the begin';
  return [{ key: 'slow-start', why, fix: 'Remove it, or choose another algorithm.', outcome: 'ignored' }];
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
