/** Gets the body of a request while it is received. Never asks for a pause. */
export interface BodyCopy {
  /** @param bytes  stay as they are after the call */
  bytes(bytes: Uint8Array): void;
  end(): void;
  /** The rest will not come. Nothing after `end`. */
  abort(): void;
}
