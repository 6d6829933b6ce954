/** What happens on a socket. Nothing is called after `onClose`. */
export interface SocketOwner {
  /**
   * Takes the bytes of one read: [0, to) of `bytes`.
   * @param shared  the bytes are valid during the call only: whoever keeps them, or writes them on, copies
   */
  onInput(bytes: Buffer, to: number, shared: boolean): void;
  /** The peer has shut its sending side. */
  onEnd(): void;
  /** What was too much is written. */
  onDrain(): void;
  /** Never during a call of one of the socket's own methods. */
  onClose(hadError: boolean): void;
}

/**
 * A connected socket as the native engine needs it: what it reads comes to its owner, who may change. Half-open: the end
 * of one direction does not end the other; when both are over, the socket closes.
 */
export interface ByteSocket {
  /** Until it is set, what comes is thrown away. */
  owner: SocketOwner;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly destroyed: boolean;
  /** The peer has shut its sending side, and its owner heard of it. */
  readonly readableEnded: boolean;
  readonly writableEnded: boolean;
  /** Too much is waiting to be written: `onDrain` follows. */
  readonly writableNeedDrain: boolean;
  /** Bytes that were written here and not yet taken by the kernel. */
  readonly unsent: number;
  /** Bytes that the kernel took. */
  readonly sent: number;
  readonly received: number;
  /** @returns false when the peer should get time to read: wait for `onDrain` */
  write(bytes: Uint8Array): boolean;
  /** @param text  in latin1, one byte for each character */
  writeText(text: string): boolean;
  /** Gathers what is written until `uncork`. Does not nest. */
  cork(): void;
  uncork(): void;
  pause(): void;
  /**
   * Of a socket that is not read the kernel says a reset only to who writes, were it nothing: writes nothing to one that is
   * paused. Over TLS nothing can be written.
   */
  probe(): void;
  resume(): void;
  /**
   * Part of a body has come, and more is to come: large reads then come in buffers of their own, which can be passed on
   * without a copy.
   */
  expectMore(lastRead: number): void;
  /** The body is over. */
  expectHead(): void;
  /** Nothing more will be written; what was written before still is. */
  end(): void;
  /** Closes when all is written; the peer sees an orderly end. */
  destroySoon(): void;
  destroy(): void;
  /** Closes with a reset, where the protocol below allows it. */
  resetAndDestroy(): void;
}

/** Owner of a socket that has none. */
export const nobody: SocketOwner = {
  onInput: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};
