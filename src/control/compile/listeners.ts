import type { ListenerId } from '../../model/ids.ts';
import { listenerId } from '../../model/ids.ts';
import type { Listener } from '../../model/listener.ts';
import type { Settings } from '../../settings/settings.ts';

/** Every address, IPv4 included; the supervisor falls back to `0.0.0.0` on machines without IPv6. */
const everyAddress = '::';

/** The sockets that the settings ask for. */
export function listenersOf(settings: Settings): ReadonlyMap<ListenerId, Listener> {
  const address = settings.listenAddress === '' ? everyAddress : settings.listenAddress;
  const http: Listener = { id: listenerId('http'), address, port: settings.httpPort, protocol: 'http' };
  const https: Listener = { id: listenerId('https'), address, port: settings.httpsPort, protocol: 'https' };
  return new Map([http, https].map((listener) => [listener.id, listener]));
}
