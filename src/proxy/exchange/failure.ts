/** Why an exchange ended badly. Each has a line in the table below, in the access log and in `docs/errors.md`. */
export type FailureName =
  | 'no-route'
  | 'no-endpoint'
  | 'route-closed'
  | 'queue-full'
  | 'queue-timeout'
  | 'hold-full'
  | 'hold-timeout'
  | 'bad-request'
  | 'method-refused'
  | 'connect-refused'
  | 'connect-timeout'
  | 'connect-failed'
  | 'no-socket'
  | 'send-timeout'
  | 'read-timeout'
  | 'upstream-reset'
  | 'upstream-invalid'
  | 'client-closed'
  | 'client-timeout'
  | 'body-too-large'
  | 'internal';

export interface FailureDefinition {
  readonly source: 'client' | 'upstream' | 'proxy';
  /** `yes`: no byte was sent, so any method may go again; `idempotent`: methods that may be repeated; `no`: never. */
  readonly retry: 'yes' | 'idempotent' | 'no';
  /** Condition of `proxy-next-upstream` that must be on for a retry. */
  readonly condition?: 'error' | 'timeout' | 'invalid_header';
  readonly status: number;
  /** Stands in Retry-After of the answer. Source: RFC 9110 section 10.2.3. */
  readonly retryAfterSeconds?: number;
  readonly fix: string;
}

export const failures: Readonly<Record<FailureName, FailureDefinition>> = {
  'no-route': { source: 'client', retry: 'no', status: 404, fix: 'Write an Ingress rule for this host and path.' },
  'no-endpoint': {
    source: 'upstream',
    retry: 'no',
    status: 503,
    fix: 'Start pods for the Service, or look why none of them is ready.',
  },
  'route-closed': {
    source: 'proxy',
    retry: 'no',
    status: 503,
    fix: 'Read the diagnostics of the Ingress: something that guards the route cannot be honoured.',
  },
  'queue-full': {
    source: 'proxy',
    retry: 'no',
    status: 503,
    retryAfterSeconds: 5,
    fix: 'All places at the endpoints are taken, and so is the queue: start more pods, or raise max-connections-per-endpoint, max-connections or max-pending-requests.',
  },
  'queue-timeout': {
    source: 'proxy',
    retry: 'no',
    status: 503,
    retryAfterSeconds: 5,
    fix: 'No place at an endpoint came free in time: start more pods, or raise max-connections-per-endpoint, max-connections or pending-timeout.',
  },
  'hold-full': {
    source: 'proxy',
    retry: 'no',
    status: 503,
    retryAfterSeconds: 10,
    fix: 'Too many requests wait for the first endpoint already: start pods for the Service, or raise max-pending-requests.',
  },
  'hold-timeout': {
    source: 'proxy',
    retry: 'no',
    status: 503,
    retryAfterSeconds: 10,
    fix: 'No endpoint became ready in time: look why pods start slowly, or raise hold-for-endpoints.',
  },
  'bad-request': { source: 'client', retry: 'no', status: 400, fix: 'Send a request that follows RFC 9112.' },
  'method-refused': { source: 'client', retry: 'no', status: 405, fix: 'TRACE and CONNECT are not served.' },
  'connect-refused': {
    source: 'upstream',
    retry: 'yes',
    condition: 'error',
    status: 502,
    fix: 'The pod does not listen on its port: compare targetPort with what the program opens.',
  },
  'connect-timeout': {
    source: 'upstream',
    retry: 'yes',
    condition: 'timeout',
    status: 504,
    fix: 'The endpoint does not answer: look at the node, the network policy, or raise proxy-connect-timeout.',
  },
  'connect-failed': {
    source: 'upstream',
    retry: 'yes',
    condition: 'error',
    status: 502,
    fix: 'The endpoint cannot be reached: look at routes and network policies.',
  },
  'no-socket': {
    source: 'proxy',
    retry: 'yes',
    condition: 'error',
    status: 502,
    fix: 'Fairway has no file descriptor or local port left: raise the limit of open files, or run more data workers or replicas.',
  },
  'send-timeout': {
    source: 'upstream',
    retry: 'idempotent',
    condition: 'timeout',
    status: 504,
    fix: 'The pod does not read the request: look at the pod, or raise proxy-send-timeout.',
  },
  'read-timeout': {
    source: 'upstream',
    retry: 'idempotent',
    condition: 'timeout',
    status: 504,
    fix: 'The pod took too long: look at the pod, or raise proxy-read-timeout.',
  },
  'upstream-reset': {
    source: 'upstream',
    retry: 'idempotent',
    condition: 'error',
    status: 502,
    fix: 'The pod closed the connection before it answered: look at its log.',
  },
  'upstream-invalid': {
    source: 'upstream',
    retry: 'idempotent',
    condition: 'invalid_header',
    status: 502,
    fix: 'The pod answered with something that is not HTTP/1.1: look at backend-protocol and at the pod.',
  },
  'client-closed': {
    source: 'client',
    retry: 'no',
    status: 499,
    fix: 'The client went away before the answer was complete.',
  },
  'client-timeout': {
    source: 'client',
    retry: 'no',
    status: 408,
    fix: 'The client sent its request too slowly: at least 240 bytes per second of a body are expected.',
  },
  'body-too-large': {
    source: 'client',
    retry: 'no',
    status: 413,
    fix: 'Send less, or raise proxy-body-size.',
  },
  internal: { source: 'proxy', retry: 'no', status: 500, fix: 'This is a bug: report it with the log line.' },
};
