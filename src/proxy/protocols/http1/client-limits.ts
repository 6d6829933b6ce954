/** How long a client may take for what, and how much. Source: threats R-50, where nothing else is said. */
export const clientLimits = {
  firstByteMs: 10_000,
  headMs: 10_000,
  oldestMs: 3_600_000,
  /** While an exchange runs, its client is looked at this often. */
  watchMs: 20_000,
  /** A client that shut its sending side gets this long for the answer to begin (faults F-63). */
  halfCloseMs: 1_000,
  /**
   * How often it is looked at after that. A reset of a TLS connection comes as such an end, and what was written before
   * is then neither sent nor refused (Node 26.10): only the lack of progress tells.
   */
  halfClosedWatchMs: 2_000,
  /** How often the client of an exchange that waits for an endpoint is looked at: it shall not keep its place for long. */
  waitingWatchMs: 2_000,
  /** How long and how much a client may go on sending after our last answer (faults F-68). */
  lingerMs: 5_000,
  /** More than most links bring in that time; a client that does not listen while it sends would else see a reset. */
  lingerBytes: 67_108_864,
};

/** How long until a client is looked at again while an exchange runs. @param waits  the exchange waits for an endpoint */
export function watchMs(halfClosed: boolean, waits: boolean): number {
  if (halfClosed) return clientLimits.halfClosedWatchMs;
  return waits ? clientLimits.waitingWatchMs : clientLimits.watchMs;
}
