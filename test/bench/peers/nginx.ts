import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { forwardedHeaders } from './forwarded-headers.ts';
import type { Peer, PeerOptions } from './peer.ts';
import { freePort, spawnWithFiles, started } from './peer.ts';

/** ingress-nginx' access log, which Fairway writes as well. */
const logFormat =
  `log_format upstreaminfo '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent ` +
  `"$http_referer" "$http_user_agent" $request_length $request_time [shop-web-80] [] $upstream_addr ` +
  `$upstream_response_length $upstream_response_time $upstream_status $request_id';`;

/** nginx as ingress-nginx configures it, as far as this load shows it. `balancing`: a directive, for example `least_conn`. */
export async function startNginx(options: PeerOptions): Promise<Peer> {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const { certificate, folder } = options;
  const log = options.accessLog ? `access_log ${folder}/access.log upstreaminfo;` : 'access_log off;';
  const servers = options.sites.map(
    ({ host, paths }, at) => `
  server {
    server_name ${host};
    listen 127.0.0.1:${httpPort}${at === 0 ? ' backlog=4096' : ''};
    listen 127.0.0.1:${httpsPort} ssl${at === 0 ? ' backlog=4096' : ''};
    ${paths.map((path) => `location ${path} { proxy_pass http://web; }`).join('\n    ')}
  }`,
  );
  const http = `
  ${logFormat}
  ${log}
  server_names_hash_max_size 8192;
  ssl_certificate ${certificate.certPath};
  ssl_certificate_key ${certificate.keyPath};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache off;
  client_max_body_size 0;
  proxy_request_buffering on;
  client_body_buffer_size 8k;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  ${forwardedHeaders.map(({ name, nginx }) => `proxy_set_header ${name} ${nginx};`).join('\n  ')}
  ${timeouts(options)}
  upstream web {
    ${options.balancing === undefined ? '' : `${options.balancing};`}
    ${options.endpoints.map(({ port, weight = 1 }) => `server 127.0.0.1:${port} weight=${weight};`).join('\n    ')}
    keepalive 320;
    keepalive_requests 10000000;
  }
  ${servers.join('')}`;
  return runNginx('nginx', folder, http, options.workers, { httpPort, httpsPort });
}

/** Passive ejection stays at nginx' own defaults: one failure in 10 seconds. Active checks are not in this edition. */
function timeouts({ faultTolerance }: PeerOptions): string {
  if (faultTolerance === undefined) return '';
  const { connectSeconds, readSeconds, tries } = faultTolerance;
  return (
    `proxy_connect_timeout ${connectSeconds}s; proxy_read_timeout ${readSeconds}s; ` +
    `proxy_next_upstream error timeout; proxy_next_upstream_tries ${tries};`
  );
}

/** nginx in the foreground, with what stands between the braces of `http`. */
export async function runNginx(
  name: string,
  folder: string,
  http: string,
  workers: number,
  ports: { readonly httpPort: number; readonly httpsPort: number },
): Promise<Peer> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'nginx.conf');
  const text = `
worker_processes ${workers};
worker_rlimit_nofile 20000;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 16384; }
http {
  client_body_temp_path ${folder}/bodies;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 10000000;
  keepalive_timeout 300s;
  sendfile on;
  tcp_nodelay on;
${http}
}`;
  writeFileSync(path, text);
  const child = spawnWithFiles(['nginx', '-c', path, '-p', folder, '-g', 'daemon off;'], { stdio: 'inherit' });
  return started(name, child, ports);
}
