import type { Compilation } from '../compile/compilation.ts';
import type { Leadership } from './leadership.ts';

/** All that Fairway writes into the cluster: status, Events and the Lease of who may write them. */
export interface ClusterReports {
  /** Begins to campaign. @param changed  called when something that the status depends on is new */
  start(changed: () => void): void;
  /** Takes the newest findings and addresses; the leader writes what differs. */
  update(compilation: Compilation): void;
  leadership(): Leadership;
  /** Addresses of the own node, with `--report-node-address`. */
  nodeAddresses(): readonly string[];
  /** Ends leader-only work and releases the Lease. */
  stop(): Promise<void>;
}
