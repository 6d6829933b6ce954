/** Slots of the wheel: with 100 ms each, one turn is 102.4 s. A deadline further away goes round more than once. */
const slotCount = 1024;

/** One moment at which something is over. Belongs to a connection for life, and is moved, not made anew (threats R-51). */
export class Deadline {
  readonly onDue: () => void;
  readonly #timers: CoarseTimers | undefined;
  /** For the timers alone. */
  dueAt: number = Number.POSITIVE_INFINITY;
  slot = 0;
  linked = false;
  previous: Deadline = this;
  next: Deadline = this;

  constructor(timers: CoarseTimers | undefined, onDue: () => void) {
    this.#timers = timers;
    this.onDue = onDue;
  }

  /** From now on it is this far away. */
  set(ms: number): void {
    this.#timers?.schedule(this, ms);
  }

  /** It is over without having been reached: the connection is closed. */
  stop(): void {
    this.#timers?.cancel(this);
  }
}

/**
 * One timer for any number of deadlines, for what need not be exact: a deadline is noticed up to one resolution late, never
 * early. Moving a deadline further away, which happens with every read, is one comparison and one number.
 *
 * ```
 * wheel:  [0] ⇄ deadline ⇄ deadline
 *         [1]
 *         [2] ⇄ deadline        ← every 100 ms the next slot is looked at
 * ```
 */
export class CoarseTimers {
  readonly #now: () => number;
  readonly #resolutionMs: number;
  /** Heads of circular lists. */
  readonly #slots: readonly Deadline[];
  #interval: NodeJS.Timeout | undefined = undefined;
  #count = 0;
  /** Number of the slot that was looked at last, not wrapped. */
  #turned = 0;

  /** @param now  monotonic milliseconds */
  constructor(now: () => number, resolutionMs: number = 100) {
    this.#now = now;
    this.#resolutionMs = resolutionMs;
    this.#slots = Array.from({ length: slotCount }, () => new Deadline(undefined, () => undefined));
  }

  /** @param onDue  called once for each time the deadline is reached; it may set it anew */
  deadline(onDue: () => void): Deadline {
    return new Deadline(this, onDue);
  }

  /** Sets a deadline to this long from now. */
  schedule(deadline: Deadline, ms: number): void {
    const now = this.#now();
    deadline.dueAt = now + ms;
    const slot = Math.ceil(deadline.dueAt / this.#resolutionMs);
    // It is looked at before that anyway, and then moved on.
    if (deadline.linked && deadline.slot <= slot) return;
    if (deadline.linked) this.#unlink(deadline);
    if (this.#interval === undefined) this.#start(now);
    this.#link(deadline, slot);
  }

  cancel(deadline: Deadline): void {
    deadline.dueAt = Number.POSITIVE_INFINITY;
    if (deadline.linked) this.#unlink(deadline);
    if (this.#count === 0) this.#stop();
  }

  #start(now: number): void {
    this.#turned = Math.floor(now / this.#resolutionMs);
    this.#interval = setInterval(() => this.#turn(), this.#resolutionMs);
    // Sockets keep a process alive, not the clock beside them.
    this.#interval.unref();
  }

  #stop(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  /** Looks at all slots that are due; more than one after the event loop stood still. */
  #turn(): void {
    const now = this.#now();
    const last = Math.floor(now / this.#resolutionMs);
    // After a long stand-still once around is enough.
    for (let slot = Math.max(this.#turned + 1, last - slotCount + 1); slot <= last; slot += 1) {
      this.#turned = slot;
      this.#look(slot, now);
    }
    if (this.#count === 0) this.#stop();
  }

  #look(slot: number, now: number): void {
    const head = this.#slots[slot % slotCount];
    if (head === undefined || head.next === head) return;
    const due: Deadline[] = [];
    for (let one = head.next; one !== head;) {
      const next = one.next;
      // Else it belongs to a later turn of the wheel.
      if (one.slot <= slot) {
        this.#unlink(one);
        if (one.dueAt <= now) due.push(one);
        else this.#link(one, Math.ceil(one.dueAt / this.#resolutionMs));
      }
      one = next;
    }
    // One of them may have cancelled or moved another.
    for (const one of due) if (one.dueAt <= now && !one.linked) one.onDue();
  }

  #link(deadline: Deadline, slot: number): void {
    const head = this.#slots[slot % slotCount];
    if (head === undefined) return;
    const last = head.previous;
    last.next = deadline;
    deadline.previous = last;
    deadline.next = head;
    head.previous = deadline;
    deadline.slot = slot;
    deadline.linked = true;
    this.#count += 1;
  }

  #unlink(deadline: Deadline): void {
    deadline.previous.next = deadline.next;
    deadline.next.previous = deadline.previous;
    // One that is over, and old for the garbage collector, would hold its neighbours of that time, with all that they hold.
    deadline.previous = deadline;
    deadline.next = deadline;
    deadline.linked = false;
    this.#count -= 1;
  }
}
