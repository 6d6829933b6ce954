import type { ByteSocket } from '../../../lib/byte-socket.ts';
import { clientLimits } from './client-limits.ts';

/** So many looks without a byte that the client took, while there are some for it, are too much (threats R-50). */
const stallsLimit = 3;
/** 240 bytes per second, over one look. */
const leastBodyBytes = (240 * clientLimits.watchMs) / 1000;

/** Whether a client gets on: it reads what we write, and sends what it promised. */
export class ClientProgress {
  readonly #socket: Pick<ByteSocket, 'probe' | 'received' | 'sent' | 'unsent'>;
  /** Bytes that had come at the last look; -1 before the first one. */
  #in = -1;
  #out = 0;
  #stalls = 0;

  constructor(socket: Pick<ByteSocket, 'probe' | 'received' | 'sent' | 'unsent'>) {
    this.#socket = socket;
  }

  /** An exchange begins. Cheap: the socket is asked at the first look. */
  begin(): void {
    this.#stalls = 0;
    this.#in = -1;
  }

  /** One look at what the client reads. */
  isStuck(): boolean {
    const socket = this.#socket;
    socket.probe();
    const out = socket.sent;
    this.#stalls = socket.unsent > 0 && out === this.#out ? this.#stalls + 1 : 0;
    this.#out = out;
    return this.#stalls >= stallsLimit;
  }

  /** One look at what the client sends. */
  isSlow(): boolean {
    const before = this.#in;
    this.#in = this.#socket.received;
    return before !== -1 && this.#in - before < leastBodyBytes;
  }
}
