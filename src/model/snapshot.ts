import type { Certificate } from './certificate.ts';
import type { CertificateId, HostPattern, ListenerId, UpstreamId } from './ids.ts';
import type { Listener } from './listener.ts';
import type { ProxyOptions } from './proxy-options.ts';
import { defaultProxyOptions } from './proxy-options.ts';
import type { VirtualHost } from './route.ts';
import type { Upstream } from './upstream.ts';

/** The complete model that data workers serve from: plain, immutable data. */
export interface Snapshot {
  readonly version: number;
  readonly listeners: ReadonlyMap<ListenerId, Listener>;
  readonly virtualHosts: ReadonlyMap<HostPattern, VirtualHost>;
  readonly upstreams: ReadonlyMap<UpstreamId, Upstream>;
  readonly certificates: ReadonlyMap<CertificateId, Certificate>;
  readonly options: ProxyOptions;
}

/** What a process holds before it has heard anything. */
export const emptySnapshot: Snapshot = {
  version: 0,
  listeners: new Map(),
  virtualHosts: new Map(),
  upstreams: new Map(),
  certificates: new Map(),
  options: defaultProxyOptions,
};
