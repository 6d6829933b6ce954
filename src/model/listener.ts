import type { ListenerId } from './ids.ts';

/** One socket that the data workers accept on. The supervisor binds it; port 0 asks the kernel. */
export interface Listener {
  readonly id: ListenerId;
  /** IP address to bind; `::` with IPv4 included where the machine has IPv6, else `0.0.0.0`. */
  readonly address: string;
  readonly port: number;
  readonly protocol: 'http' | 'https';
}
