import type { Canary } from '../../model/canary.ts';
import type { Route, VirtualHost } from '../../model/route.ts';
import type { EndpointState } from '../upstreams/endpoint-state.ts';
import type { UpstreamState } from '../upstreams/upstream-state.ts';
import type { BodyCopy } from './body-copy.ts';
import type { FailureName } from './failure.ts';
import type { HeaderList } from './headers.ts';

/** What the client side knows when a request head is complete. */
export interface RequestHead {
  readonly method: string;
  /** As sent: origin-form, `*`, or absolute-form. */
  readonly target: string;
  readonly httpVersion: string;
  /** As sent, in order. */
  readonly headers: HeaderList;
  /** The Host field byte for byte; empty when the request has none. */
  readonly host: string;
  /** Address of the peer of the connection. */
  readonly peerAddress: string;
  readonly peerPort: number;
  /** Port that we listen on. */
  readonly localPort: number;
  readonly secure: boolean;
  /** Server name of the TLS handshake, lower-case; empty without. */
  readonly serverName: string;
  /** The client asks to leave HTTP (WebSocket). */
  readonly upgrade: boolean;
}

/** An answer that Fairway gives itself. */
export interface LocalResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

/** How one try ended, for the access log. Written by the transport. */
export interface TryRecord {
  /** `address:port` of the endpoint. */
  readonly endpoint: string;
  /** Of the answer; what the failure stands for when none came; 0 when the client left before. */
  readonly status: number;
  /** Of the answer's body. */
  readonly bytes: number;
  /** From the start of the try to its end. */
  readonly durationMs: number;
}

const none: readonly never[] = [];

/** A list with one more; nearly all lists of an exchange have one, for which `push` would make room for 17. */
export function appended<T>(list: readonly T[], one: T): readonly T[] {
  return list.length === 0 ? [one] : [...list, one];
}

/** One request and its answer. All fields are set at birth: one hidden class. */
export class Exchange {
  readonly request: RequestHead;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** Target in origin-form as it came, with query: nginx `$request_uri`. */
  uri = '';
  /** Normalised path, without query: what routes are matched against. */
  path = '';
  /** Host in lower case without port and trailing dot: what virtual hosts are matched against. Empty without Host. */
  hostName = '';
  /** What is sent to the upstream as request target. */
  forwardTarget = '';
  /** The client as policies and logs see it: the peer, or what a trusted proxy says. */
  clientAddress: string;
  /** Scheme as the client sees it: from TLS, or from a trusted proxy. */
  scheme: 'http' | 'https';
  /** Host and port as the client wrote them, byte for byte, or what a trusted proxy says. */
  host: string;
  /** Port as the client sees it: 443 over TLS, the listening port over HTTP, or what a trusted proxy says. */
  port: number;
  /** The peer is one of `ProxyOptions.trustedProxies`. */
  peerTrusted = false;
  requestId = '';
  virtualHost: VirtualHost | undefined = undefined;
  route: Route | undefined = undefined;
  upstream: UpstreamState | undefined = undefined;
  /** The canary that `upstream` belongs to; undefined when it is the one of the route. */
  canary: Canary | undefined = undefined;
  /** Endpoint of the current try; pinned before by a filter in `select` when a session sticks. */
  endpoint: EndpointState | undefined = undefined;
  /** Endpoints of all tries so far, the current one last. */
  tried: readonly EndpointState[] = none;
  /** Endpoints that the next try passes by while others are left: those tried, and some that are on trial. */
  avoided: readonly EndpointState[] = none;
  /** Request head as the upstream will see it. */
  forwardHeaders: HeaderList = [];
  /** Head of the answer as the client will see it. */
  status = 0;
  responseHeaders: HeaderList = [];
  /** Between two tries: how the one before ended. At the end: why the exchange ended badly. */
  failure: FailureName | undefined = undefined;
  /** Set by the affinity filter: a cookie for the answer. */
  setCookie: string | undefined = undefined;
  /** Set by the mirror filter: takes the body as well. The transport feeds it once, however many tries there are. */
  bodyCopy: BodyCopy | undefined = undefined;
  /** Bytes from and to the client, heads included. */
  bytesReceived = 0;
  bytesSent = 0;
  /** Bytes of the answer's body that went to the client. */
  bodyBytesSent = 0;
  /** Tries that have ended, in order. */
  tries: readonly TryRecord[] = none;
  /** Bytes of the upstream's body. */
  upstreamBytes = 0;
  /** Durations of the last try in milliseconds, -1 when it did not come so far. */
  connectMs = -1;
  headerMs = -1;
  upstreamMs = -1;
  upstreamStatus = 0;
  finished = false;

  constructor(request: RequestHead, startedAt: number) {
    this.request = request;
    this.startedAt = startedAt;
    this.clientAddress = request.peerAddress;
    this.scheme = request.secure ? 'https' : 'http';
    this.host = request.host;
    this.port = request.secure ? 443 : request.localPort;
  }
}
