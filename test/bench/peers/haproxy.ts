import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { forwardedHeaders } from './forwarded-headers.ts';
import type { Peer, PeerEndpoint, PeerOptions } from './peer.ts';
import { freePort, spawnWithFiles, started } from './peer.ts';

/** The fields of the access log of the others, in their order. */
const logFormat = [
  String.raw`%ci - - [%T] \"%HM %HP %HV\" %ST %B \"%[capture.req.hdr(0)]\" \"%[capture.req.hdr(1)]\"`,
  String.raw`%U %Ta [shop-web-80] [] %si:%sp %B %Tr %ST %ID`,
].join(' ');

/** haproxy with one site. `balancing`: for example `leastconn`, or `hash hdr(X)`. */
export async function startHaproxy(options: PeerOptions): Promise<Peer> {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const { certificate, folder } = options;
  mkdirSync(folder, { recursive: true });
  const pem = join(folder, 'server.pem');
  writeFileSync(pem, certificate.cert + certificate.key);
  const text = `
global
  nbthread ${options.workers}
  ssl-default-bind-options ssl-min-ver TLSv1.2
  ${options.accessLog ? 'log stdout format raw local0' : ''}
defaults
  mode http
  ${timeouts(options)}
  http-reuse always
  ${options.accessLog ? 'log global' : ''}
frontend web
  bind 127.0.0.1:${httpPort} backlog 4096
  bind 127.0.0.1:${httpsPort} backlog 4096 ssl crt ${pem} alpn http/1.1
  unique-id-format %[uuid()]
  ${options.accessLog ? `capture request header Referer len 64\n  capture request header User-Agent len 128\n  log-format "${logFormat}"` : ''}
  ${forwardedHeaders.map(({ name, haproxy }) => `http-request set-header ${name} ${haproxy}`).join('\n  ')}
  default_backend web
backend web
  ${options.balancing === undefined ? '' : `balance ${options.balancing}`}
  ${options.faultTolerance === undefined ? '' : 'option httpchk GET /healthz'}
  ${options.endpoints.map((endpoint) => serverLine(endpoint, options)).join('\n  ')}
`;
  const path = join(folder, 'haproxy.cfg');
  writeFileSync(path, text);
  const log = openSync(join(folder, 'access.log'), 'w');
  const errors = openSync(join(folder, 'program.log'), 'w');
  const child = spawnWithFiles(['haproxy', '-f', path, '-db'], { stdio: ['ignore', log, errors] });
  for (const one of [log, errors]) closeSync(one);
  return started('haproxy', child, { httpPort, httpsPort });
}

function timeouts({ faultTolerance }: PeerOptions): string {
  if (faultTolerance === undefined) return 'timeout connect 5s\n  timeout client 300s\n  timeout server 60s';
  const { connectSeconds, readSeconds, tries } = faultTolerance;
  return [
    `timeout connect ${connectSeconds}s`,
    'timeout client 60s',
    `timeout server ${readSeconds}s`,
    `retries ${tries - 1}`,
    'option redispatch 1',
    'retry-on conn-failure empty-response response-timeout',
  ].join('\n  ');
}

function serverLine({ name, port, healthPort, weight = 1 }: PeerEndpoint, { faultTolerance }: PeerOptions): string {
  const line = `server ${name} 127.0.0.1:${port} weight ${weight} pool-max-conn 320`;
  if (faultTolerance === undefined || healthPort === undefined) return line;
  const { checkEverySeconds, checksToFail } = faultTolerance;
  return `${line} check port ${healthPort} inter ${checkEverySeconds}s fall ${checksToFail} rise 1`;
}
