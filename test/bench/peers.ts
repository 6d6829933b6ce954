import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { ingress, service, yaml } from '../support/manifests.ts';

/** One proxy in front of the backend, or the backend itself. */
export interface Peer {
  readonly name: string;
  readonly pid: number;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Of Fairway only. */
  readonly adminPort?: number;
  stop(): Promise<void>;
}

export interface PeerOptions {
  /** Folder for configurations and logs, of this peer alone. */
  readonly folder: string;
  readonly backendPort: number;
  readonly accessLog: boolean;
  readonly certificate: CertificateFiles;
  readonly workers: number;
  /** Routes that lead to the same backend, in all. */
  readonly routes: number;
}

export interface CertificateFiles {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

/** ingress-nginx' access log, which Fairway writes as well. */
const logFormat =
  `log_format upstreaminfo '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent ` +
  `"$http_referer" "$http_user_agent" $request_length $request_time [shop-web-80] [] $upstream_addr ` +
  `$upstream_response_length $upstream_response_time $upstream_status $request_id';`;

/** Answers with 100 bytes on `/`, 16 KB on `/16k`, 1 MB on `/1m`, and takes uploads on `/upload`. */
export async function startBackend(folder: string): Promise<Peer> {
  mkdirSync(join(folder, 'files'), { recursive: true });
  writeFileSync(join(folder, 'files/16k'), Buffer.alloc(16 * 1024, 'x'));
  writeFileSync(join(folder, 'files/1m'), Buffer.alloc(1024 * 1024, 'x'));
  const port = await freePort();
  const server = `
    server {
      listen 127.0.0.1:${port} backlog=4096;
      location / { return 200 "${'x'.repeat(100)}"; }
      location /upload { return 200 "ok"; }
      location /16k { root ${folder}/files; }
      location /1m { root ${folder}/files; }
    }`;
  return startNginx('backend', folder, `${server}\n  access_log off;`, 1, { httpPort: port, httpsPort: 0 });
}

export async function startNginxProxy(options: PeerOptions): Promise<Peer> {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const { certificate, folder } = options;
  const log = options.accessLog ? `access_log ${folder}/access.log upstreaminfo;` : 'access_log off;';
  const headers = [
    ['Host', '$http_host'],
    ['X-Request-ID', '$request_id'],
    ['X-Real-IP', '$remote_addr'],
    ['X-Forwarded-For', '$remote_addr'],
    ['X-Forwarded-Host', '$http_host'],
    ['X-Forwarded-Port', '$server_port'],
    ['X-Forwarded-Proto', '$scheme'],
    ['X-Forwarded-Scheme', '$scheme'],
    ['X-Scheme', '$scheme'],
  ].map(([name, value]) => `proxy_set_header ${name} ${value};`);
  const http = `
  ${logFormat}
  ${log}
  upstream web { server 127.0.0.1:${options.backendPort}; keepalive 320; keepalive_requests 10000000; }
  server {
    listen 127.0.0.1:${httpPort} backlog=4096;
    listen 127.0.0.1:${httpsPort} ssl backlog=4096;
    ssl_certificate ${certificate.certPath};
    ssl_certificate_key ${certificate.keyPath};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    client_max_body_size 0;
    proxy_request_buffering on;
    client_body_buffer_size 8k;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    ${headers.join('\n    ')}
    ${locations(options.routes)}
  }`;
  return startNginx('nginx', folder, http, options.workers, { httpPort, httpsPort });
}

function locations(routes: number): string {
  const more = Array.from({ length: routes - 1 }, (_, at) => `location /r${at}/ { proxy_pass http://web; }`);
  return ['location / { proxy_pass http://web; }', ...more].join('\n    ');
}

async function startNginx(
  name: string,
  folder: string,
  http: string,
  workers: number,
  ports: { readonly httpPort: number; readonly httpsPort: number },
): Promise<Peer> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'nginx.conf');
  const bodies = join(folder, 'bodies');
  const text = `
worker_processes ${workers};
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 16384; }
http {
  client_body_temp_path ${bodies};
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 10000000;
  sendfile on;
  tcp_nodelay on;
${http}
}`;
  writeFileSync(path, text);
  const child = spawn('nginx', ['-c', path, '-p', folder, '-g', 'daemon off;'], { stdio: 'inherit' });
  return started(name, child, ports);
}

export async function startHaproxy(options: PeerOptions): Promise<Peer> {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const { certificate, folder } = options;
  mkdirSync(folder, { recursive: true });
  const pem = join(folder, 'server.pem');
  writeFileSync(pem, certificate.cert + certificate.key);
  const text = `
global
  nbthread ${options.workers}
  maxconn 9000
  ${options.accessLog ? 'log stdout format raw local0' : ''}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
  ${options.accessLog ? 'log global\n  option httplog' : ''}
frontend web
  bind 127.0.0.1:${httpPort} backlog 4096
  bind 127.0.0.1:${httpsPort} ssl crt ${pem} alpn http/1.1
  http-request set-header X-Request-ID %[uuid()]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Scheme http
  http-request set-header X-Scheme http
  default_backend web
backend web
  server one 127.0.0.1:${options.backendPort} pool-max-conn 320
`;
  const path = join(folder, 'haproxy.cfg');
  writeFileSync(path, text);
  const log = openSync(join(folder, 'access.log'), 'w');
  const child = spawn('haproxy', ['-f', path, '-db'], { stdio: ['ignore', log, 'inherit'] });
  closeSync(log);
  return started('haproxy', child, { httpPort, httpsPort });
}

/** The whole program, with all its processes.*/
export async function startFairway(name: string, options: PeerOptions): Promise<Peer> {
  // `engine@folder` runs another checkout, to compare two versions of ourselves.
  const [engine = '', checkout = join(import.meta.dirname, '../..')] = name.split('@');
  const [httpPort, httpsPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const { folder } = options;
  const manifests = join(folder, 'manifests');
  mkdirSync(manifests, { recursive: true });
  writeFileSync(join(manifests, 'all.yaml'), manifestsOf(options));
  const child = spawn(
    process.execPath,
    [
      join(checkout, 'src/main.ts'),
      '--manifests',
      manifests,
      `--engine=${engine}`,
      `--workers=${options.workers}`,
      '--listen-address=127.0.0.1',
      `--http-port=${httpPort}`,
      `--https-port=${httpsPort}`,
      `--healthz-port=${adminPort}`,
      '--watch-ingress-without-class',
      '--shutdown-lameduck=0',
      '--shutdown-drain=1s',
      '--default-ssl-certificate=default/tls',
      '--log-format=nginx',
      `--access-log=${options.accessLog}`,
      `--access-log-path=${folder}/access.log`,
    ],
    { stdio: ['ignore', 'ignore', openSync(join(folder, 'program.log'), 'w')] },
  );
  const peer = await started(`fairway (${name})`, child, { httpPort, httpsPort });
  await untilOk(httpPort);
  return { ...peer, adminPort };
}

function manifestsOf({ backendPort, certificate, routes }: PeerOptions): string {
  const paths = Object.fromEntries([
    ['/', 'web'],
    ...Array.from({ length: routes - 1 }, (_, at) => [`/r${at}`, 'web'] as const),
  ]) as Record<string, string>;
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'tls' },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificate.cert, 'tls.key': certificate.key },
  };
  const annotations = { 'ssl-redirect': 'false', 'proxy-body-size': '0' };
  return yaml(...service('web', [{ port: backendPort }]), secret, ingress({ host: 'localhost', paths, annotations }));
}

/** A certificate that all peers use: ECDSA P-256. */
export function makeCertificate(folder: string): CertificateFiles {
  mkdirSync(folder, { recursive: true });
  const keyPath = join(folder, 'tls.key');
  const certPath = join(folder, 'tls.crt');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', certPath], { stdio: 'ignore' });
  return {
    certPath,
    keyPath,
    cert: execFileSync('cat', [certPath]).toString(),
    key: execFileSync('cat', [keyPath]).toString(),
  };
}

/** @returns when it listens */
export async function started(
  name: string,
  child: ChildProcess,
  ports: { readonly httpPort: number; readonly httpsPort: number },
): Promise<Peer> {
  const ended = once(child, 'exit');
  await untilOpen(ports.httpPort, name);
  return {
    name,
    pid: child.pid ?? 0,
    ...ports,
    stop: async () => {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(killer);
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilOpen(port: number, name: string): Promise<void> {
  for (let left = 600; left > 0; left -= 1) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} does not listen on ${port}`);
}

async function untilOk(port: number): Promise<void> {
  for (let left = 600; left > 0; left -= 1) {
    const response = await fetch(`http://localhost:${port}/`).catch(() => undefined);
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no 200 on ${port}`);
}
