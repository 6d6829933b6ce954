import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { systemRandom } from '../../lib/random.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Counters } from '../../telemetry/counters.ts';
import type { Compilation } from '../compile/compilation.ts';
import type { ObjectView } from '../objects/object-store.ts';
import type { ApiClient } from '../sources/cluster/api-client.ts';
import { openApiClient } from '../sources/cluster/open-client.ts';
import { systemTimers } from '../sources/cluster/timers.ts';
import type { EventWriter } from './events.ts';
import { createEventWriter } from './events.ts';
import type { LeaderElector } from './leader-election.ts';
import { alwaysLeading, createLeaderElector } from './leader-election.ts';
import type { Leadership } from './leadership.ts';
import { followOwnNode, nodeAddresses, nodeZone } from './own-node.ts';
import type { StatusWriter } from './status-writer.ts';
import { createStatusWriter } from './status-writer.ts';

/** All that Fairway writes into the cluster, status, Events and the Lease of who may write them; and what it reads of its node. */
export interface ClusterReports {
  /**
   * Begins to campaign.
   * @param changed  called when something that the status depends on is new
   * @throws OperatorError `source-unavailable` when the settings name no API server
   */
  start(changed: () => void): void;
  /** Takes the newest findings and addresses; the leader writes what differs. `objects` knows the uids for Events. */
  update(compilation: Compilation, objects: Pick<ObjectView, 'get'>): void;
  leadership(): Leadership;
  /** Addresses of the own node, with `--report-node-address`. */
  nodeAddresses(): readonly string[];
  /** Zone of the own node, with `--zone=auto`; empty while it is not known. */
  zone(): string;
  /** Ends leader-only work and releases the Lease. */
  stop(): Promise<void>;
}

export interface ReportTools {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** Reports into the cluster that the settings name, as far as the settings ask for them. */
export function openReports(
  tools: ReportTools,
  connect: () => ApiClient = () => openApiClient(tools.settings, 'status', tools.clock),
): ClusterReports {
  return new Reports(tools, connect);
}

interface Writers {
  readonly elector: LeaderElector;
  readonly status: StatusWriter | undefined;
  readonly events: EventWriter | undefined;
}

class Reports implements ClusterReports {
  readonly #tools: ReportTools;
  readonly #connect: () => ApiClient;
  readonly #stopping: AbortController = new AbortController();
  #writers: Writers | undefined;
  #client: ApiClient | undefined;
  #nodeAddresses: readonly string[] = [];
  #zone = '';

  constructor(tools: ReportTools, connect: () => ApiClient) {
    this.#tools = tools;
    this.#connect = connect;
  }

  start(changed: () => void): void {
    const { settings } = this.#tools;
    const writes = settings.updateStatus || settings.events;
    const wanted = this.#wantedOfNode();
    if (!writes && wanted.length === 0) return;
    const client = this.#connect();
    this.#client = client;
    if (writes) this.#writers = this.#open(client);
    if (wanted.length > 0) this.#followNode(client, wanted, changed);
  }

  update(compilation: Compilation, objects: Pick<ObjectView, 'get'>): void {
    this.#writers?.status?.update(compilation.statuses);
    this.#writers?.events?.update(compilation.diagnostics, objects);
  }

  leadership(): Leadership {
    const { namespace, electionId, disableLeaderElection } = this.#tools.settings;
    const elector = this.#writers?.elector;
    return {
      isLeader: elector?.leading() ?? false,
      lease: elector === undefined || disableLeaderElection ? '' : `${namespace}/${electionId}`,
      holder: elector?.holder() ?? '',
    };
  }

  nodeAddresses(): readonly string[] {
    return this.#nodeAddresses;
  }

  zone(): string {
    return this.#zone;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const writers = this.#writers;
    this.#writers = undefined;
    // Nothing may be written once somebody else may lead.
    writers?.status?.stop();
    writers?.events?.stop();
    await writers?.elector.stop();
    this.#client?.close();
    this.#client = undefined;
  }

  #open(client: ApiClient): Writers {
    const { settings, clock, log, counters } = this.#tools;
    const common = { client, clock, timers: systemTimers, random: systemRandom, log, counters };
    const elector = settings.disableLeaderElection
      ? alwaysLeading(settings.podName)
      : createLeaderElector({
          ...common,
          namespace: settings.namespace,
          name: settings.electionId,
          podName: settings.podName,
        });
    const reporter = { controller: settings.controllerClass, instance: settings.podName };
    return {
      elector,
      status: settings.updateStatus ? createStatusWriter({ ...common, elector }) : undefined,
      events: settings.events ? createEventWriter({ ...common, elector, reporter }) : undefined,
    };
  }

  /** The zone, and the address when nothing better is said about where Fairway is reached. */
  #wantedOfNode(): ('zone' | 'address')[] {
    const { nodeName, publishService, publishStatusAddress, reportNodeAddress, updateStatus, zone } =
      this.#tools.settings;
    const address =
      updateStatus && reportNodeAddress !== 'off' && publishService === '' && publishStatusAddress.length === 0;
    if (nodeName !== '')
      return [...(zone === 'auto' ? (['zone'] as const) : []), ...(address ? (['address'] as const) : [])];
    if (address) {
      const why = 'the name of the node is not known. Set --node-name or NODE_NAME';
      this.#tools.log.warn({}, `--report-node-address has no effect: ${why}`);
    }
    return [];
  }

  #followNode(client: ApiClient, wanted: readonly ('zone' | 'address')[], changed: () => void): void {
    const { settings, clock, log } = this.#tools;
    const { nodeName, reportNodeAddress } = settings;
    const named = `the ${wanted.join(' and the ')}`;
    const options = { client, nodeName, wanted: named, clock, timers: systemTimers, random: systemRandom, log };
    const take = (node: unknown): void => {
      const before = `${this.#zone} ${this.#nodeAddresses.join()}`;
      if (wanted.includes('zone')) this.#zone = nodeZone(node);
      if (wanted.includes('address') && reportNodeAddress !== 'off') {
        this.#nodeAddresses = nodeAddresses(node, reportNodeAddress);
      }
      if (`${this.#zone} ${this.#nodeAddresses.join()}` !== before) changed();
    };
    followOwnNode(options, take, this.#stopping.signal).catch((error: unknown) => {
      log.error({ error }, `${named} of the node is no longer followed`);
    });
  }
}
