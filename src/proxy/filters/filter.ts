import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { RoutePolicies } from '../../model/policy.ts';
import type { ProxyOptions } from '../../model/proxy-options.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FilterHooks } from '../exchange/phases.ts';
import type { MirrorSender } from './mirror-sender.ts';

/** How request metrics are labelled. Source: ingress-nginx `--metrics-per-host`, `--report-status-classes`. */
export interface RequestLabels {
  readonly perHost: boolean;
  readonly statusClasses: boolean;
}

/** What a route asks of filters. Routes that ask for the same share their hooks, so nothing tells one from the other here. */
export type FilterPolicies = Omit<RoutePolicies, 'labels'>;

/** What filters may use beside the policies of their route. */
export interface FilterEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  /** Of the snapshot that the route belongs to. */
  readonly options: ProxyOptions;
  /** Value of a Date field for now; made once per second. */
  readonly httpDate: () => string;
  /** Writes the access-log line of a finished exchange. Never throws, never blocks. */
  readonly accessLog: (exchange: Exchange) => void;
  /** Absent: nothing is mirrored. */
  readonly sendCopy?: MirrorSender;
  /** Absent: each host and each status has series of its own. */
  readonly requestLabels?: RequestLabels;
}

/** One feature on the path of a request. Listed in `table.ts`. */
export interface Filter {
  readonly name: string;
  /** For many routes at once, never per exchange. undefined when the routes do not use the feature. */
  readonly create: (policies: FilterPolicies, environment: FilterEnvironment) => FilterHooks | undefined;
}
