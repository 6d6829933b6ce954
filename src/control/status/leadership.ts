/** Who may write status and Events, for the page and the metric. */
export interface Leadership {
  readonly isLeader: boolean;
  /** Name of the Lease. */
  readonly lease: string;
  /** Identity of the pod that holds the Lease, as far as it is known; empty when nobody does. */
  readonly holder: string;
}
