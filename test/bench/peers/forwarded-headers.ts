/** What every proxy adds to a request, as Fairway and ingress-nginx do; the value in the words of each. */
export interface ForwardedHeader {
  readonly name: string;
  readonly nginx: string;
  readonly haproxy: string;
  readonly caddy: string;
}

/** haproxy and Caddy have no port variable of the same meaning for every case; theirs cost about the same. */
export const forwardedHeaders: readonly ForwardedHeader[] = [
  { name: 'X-Request-ID', nginx: '$request_id', haproxy: '%[unique-id]', caddy: '{http.request.uuid}' },
  { name: 'X-Real-IP', nginx: '$remote_addr', haproxy: '%[src]', caddy: '{http.request.remote.host}' },
  { name: 'X-Forwarded-For', nginx: '$remote_addr', haproxy: '%[src]', caddy: '{http.request.remote.host}' },
  { name: 'X-Forwarded-Host', nginx: '$http_host', haproxy: '%[req.hdr(Host)]', caddy: '{http.request.hostport}' },
  { name: 'X-Forwarded-Port', nginx: '$server_port', haproxy: '%[dst_port]', caddy: '{http.request.port}' },
  ...['X-Forwarded-Proto', 'X-Forwarded-Scheme', 'X-Scheme'].map((name) => ({
    name,
    nginx: '$scheme',
    haproxy: '%[ssl_fc,iif(https,http)]',
    caddy: '{http.request.scheme}',
  })),
];
