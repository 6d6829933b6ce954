import type { Result } from '../load.ts';
import type { Peer, Site } from '../peers/peer.ts';
import type { PeerName } from '../peers/table.ts';

/** What one turn of one proxy gave. */
export interface Sample extends Partial<Result> {
  /** Requests for which the proxy needs one second of CPU time. */
  readonly perCpuSecond?: number;
  /** Resident memory of each idle connection. */
  readonly kilobytes?: number;
  /** Connections of the worker that has most, in per cent of all. */
  readonly busiestPercent?: number;
}

export type Field = keyof Sample;

/** How a proxy is started for a row. */
export interface Setup {
  readonly accessLog: boolean;
  readonly workers: number;
  readonly sites: readonly Site[];
}

/** A proxy that takes turns with the others of its row. */
export interface Contestant {
  /** Unique in its row. */
  readonly label: string;
  readonly peer: PeerName;
  readonly setup: Setup;
}

/** `measured` of one contestant against that of another, or against a number where `against` is absent. */
export interface Goal {
  readonly of: string;
  readonly against?: string;
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  /** Absent: what the row measures. */
  readonly field?: Field;
}

/** A group of lines in the table. */
export interface Row {
  /** For `ROWS=`. */
  readonly id: string;
  readonly title: string;
  readonly measured: Field;
  /** The one that the others are compared with stands first. */
  readonly contestants: readonly Contestant[];
  readonly goals: readonly Goal[];
  /** Proxies are started anew for every turn, because what is measured stays in their memory. */
  readonly fresh?: true;
  /** @param peers  by label; empty when `fresh` */
  begin(peers: ReadonlyMap<string, Peer>): Promise<Sampler>;
}

export interface Sampler {
  sample(peer: Peer, contestant: Contestant): Promise<Sample>;
  /** Sentences below the table: what limits, what was fixed before the first turn. */
  notes?(lines: readonly Line[]): readonly string[];
}

/** Medians of all turns of one contestant. */
export interface Line {
  readonly contestant: Contestant;
  readonly values: Sample;
}
