import { join } from 'node:path';

import { median } from './load.ts';
import { rounds } from './options.ts';
import type { CertificateFiles } from './peers/certificate.ts';
import type { Peer } from './peers/peer.ts';
import { peerTable } from './peers/table.ts';
import type { Contestant, Field, Line, Row, Sample } from './rows/row.ts';

/** A row, measured. */
export interface Outcome {
  readonly row: Row;
  readonly lines: readonly Line[];
  readonly notes: readonly string[];
}

/** Starts proxies, lets them take turns, and keeps those that the next row needs as well. */
export class Turns {
  readonly #folder: string;
  readonly #backendPort: number;
  readonly #certificate: CertificateFiles;
  readonly #running = new Map<string, Peer>();
  #started = 0;

  constructor(folder: string, backendPort: number, certificate: CertificateFiles) {
    this.#folder = folder;
    this.#backendPort = backendPort;
    this.#certificate = certificate;
  }

  /** @param row  its contestants are those that are installed */
  async run(row: Row): Promise<Outcome> {
    const peers = row.fresh === true ? new Map<string, Peer>() : await this.#peersOf(row.contestants);
    const sampler = await row.begin(peers);
    const samples = new Map<Contestant, Sample[]>(row.contestants.map((one) => [one, []]));
    // One round that does not count: code is compiled, connections are opened. Proxies that are started anew warm up themselves.
    for (let round = row.fresh === true ? 0 : -1; round < rounds; round += 1) {
      for (const [contestant, all] of samples) {
        const peer = peers.get(contestant.label) ?? (await this.#start(contestant));
        try {
          const sample = await sampler.sample(peer, contestant);
          if (round >= 0) all.push(sample);
        } finally {
          if (row.fresh === true) await peer.stop();
        }
      }
    }
    const lines = [...samples].map(([contestant, all]) => ({ contestant, values: mediansOf(all) }));
    return { row, lines, notes: sampler.notes?.(lines) ?? [] };
  }

  async stop(): Promise<void> {
    for (const peer of this.#running.values()) await peer.stop();
    this.#running.clear();
  }

  /** By label. What runs and is not asked for is stopped first. */
  async #peersOf(contestants: readonly Contestant[]): Promise<Map<string, Peer>> {
    const wanted = new Set(contestants.map(keyOf));
    for (const [key, peer] of this.#running) {
      if (wanted.has(key)) continue;
      this.#running.delete(key);
      await peer.stop();
    }
    const peers = new Map<string, Peer>();
    for (const contestant of contestants) {
      const peer = this.#running.get(keyOf(contestant)) ?? (await this.#start(contestant));
      this.#running.set(keyOf(contestant), peer);
      peers.set(contestant.label, peer);
    }
    return peers;
  }

  #start({ peer, setup }: Contestant): Promise<Peer> {
    this.#started += 1;
    return peerTable[peer].start({
      ...setup,
      folder: join(this.#folder, `${peer}-${this.#started}`),
      endpoints: [{ name: 'one', port: this.#backendPort }],
      certificate: this.#certificate,
    });
  }
}

function keyOf({ peer, setup }: Contestant): string {
  return JSON.stringify([peer, setup]);
}

/** Errors are added up, all else is a median. */
function mediansOf(samples: readonly Sample[]): Sample {
  const fields = Object.keys(samples[0] ?? {}) as Field[];
  const entries = fields.map((field) => {
    const values = samples.map((one) => one[field] ?? 0);
    return [field, field === 'errors' ? values.reduce((sum, one) => sum + one, 0) : median(values)];
  });
  return Object.fromEntries(entries) as Sample;
}
