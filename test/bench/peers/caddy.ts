import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { forwardedHeaders } from './forwarded-headers.ts';
import type { Peer, PeerOptions } from './peer.ts';
import { freePort, spawnWithFiles, started } from './peer.ts';

/** Caddy with one site and one endpoint; its access log is JSON, since the format of nginx is not in this build. */
export async function startCaddy(options: PeerOptions): Promise<Peer> {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const { certificate, folder } = options;
  mkdirSync(folder, { recursive: true });
  const accessLog = options.accessLog
    ? `log {\n    output file ${folder}/access.log {\n      roll_disabled\n    }\n  }`
    : '';
  const site = `
  ${accessLog}
  reverse_proxy ${options.endpoints.map(({ port }) => `127.0.0.1:${port}`).join(' ')} {
    ${forwardedHeaders.map(({ name, caddy }) => `header_up ${name} ${caddy}`).join('\n    ')}
    transport http {
      keepalive_idle_conns 640
      keepalive_idle_conns_per_host 320
      compression off
    }
  }`;
  const text = `
{
  admin off
  auto_https off
  log default {
    level ERROR
    exclude http.log.access
  }
  servers {
    protocols h1
  }
}
http://:${httpPort} {
  bind 127.0.0.1
${site}
}
https://:${httpsPort} {
  bind 127.0.0.1
  tls ${certificate.certPath} ${certificate.keyPath}
${site}
}
`;
  const path = join(folder, 'Caddyfile');
  writeFileSync(path, text);
  const log = openSync(join(folder, 'program.log'), 'w');
  const child = spawnWithFiles(['caddy', 'run', '--config', path, '--adapter', 'caddyfile'], {
    stdio: ['ignore', 'ignore', log],
    env: { ...process.env, HOME: folder, GOMAXPROCS: `${options.workers}` },
  });
  closeSync(log);
  return started('caddy', child, { httpPort, httpsPort }, join(folder, 'program.log'));
}
