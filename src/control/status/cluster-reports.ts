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
import { followNodeAddress } from './node-address.ts';
import type { StatusWriter } from './status-writer.ts';
import { createStatusWriter } from './status-writer.ts';

/** All that Fairway writes into the cluster: status, Events and the Lease of who may write them. */
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
  readonly client: ApiClient;
  readonly elector: LeaderElector;
  readonly status: StatusWriter | undefined;
  readonly events: EventWriter | undefined;
}

class Reports implements ClusterReports {
  readonly #tools: ReportTools;
  readonly #connect: () => ApiClient;
  readonly #stopping: AbortController = new AbortController();
  #writers: Writers | undefined;
  #nodeAddresses: readonly string[] = [];

  constructor(tools: ReportTools, connect: () => ApiClient) {
    this.#tools = tools;
    this.#connect = connect;
  }

  start(changed: () => void): void {
    const { settings } = this.#tools;
    if (!settings.updateStatus && !settings.events) return;
    const client = this.#connect();
    this.#writers = this.#open(client);
    if (settings.updateStatus) this.#followNode(client, changed);
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

  async stop(): Promise<void> {
    this.#stopping.abort();
    const writers = this.#writers;
    this.#writers = undefined;
    if (writers === undefined) return;
    // Nothing may be written once somebody else may lead.
    writers.status?.stop();
    writers.events?.stop();
    await writers.elector.stop();
    writers.client.close();
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
      client,
      elector,
      status: settings.updateStatus ? createStatusWriter({ ...common, elector }) : undefined,
      events: settings.events ? createEventWriter({ ...common, elector, reporter }) : undefined,
    };
  }

  /** Only when nothing better is said about where Fairway is reached. */
  #followNode(client: ApiClient, changed: () => void): void {
    const { settings, clock, log } = this.#tools;
    const { nodeName, publishService, publishStatusAddress, reportNodeAddress } = settings;
    if (reportNodeAddress === 'off' || publishService !== '' || publishStatusAddress.length > 0) return;
    if (nodeName === '') {
      log.warn(
        {},
        '--report-node-address has no effect: the name of the node is not known. Set --node-name or NODE_NAME',
      );
      return;
    }
    const options = {
      client,
      nodeName,
      wanted: reportNodeAddress,
      clock,
      timers: systemTimers,
      random: systemRandom,
      log,
    };
    const take = (addresses: readonly string[]): void => {
      this.#nodeAddresses = addresses;
      changed();
    };
    followNodeAddress(options, take, this.#stopping.signal).catch((error: unknown) => {
      log.error({ error }, 'the address of the node is no longer followed');
    });
  }
}
