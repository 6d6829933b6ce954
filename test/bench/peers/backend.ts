import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runNginx } from './nginx.ts';
import type { Peer } from './peer.ts';
import { freePort } from './peer.ts';

/** nginx that answers with 100 bytes, 16 KB on `/16k`, 1 MB on `/1m`, and takes uploads on `/upload`. */
export async function startBackend(folder: string): Promise<Peer> {
  mkdirSync(join(folder, 'files'), { recursive: true });
  writeFileSync(join(folder, 'files/16k'), Buffer.alloc(16 * 1024, 'x'));
  writeFileSync(join(folder, 'files/1m'), Buffer.alloc(1024 * 1024, 'x'));
  const port = await freePort();
  const server = `
    server {
      listen 127.0.0.1:${port} backlog=4096;
      client_max_body_size 0;
      location / { return 200 "${'x'.repeat(100)}"; }
      location /upload { return 200 "ok"; }
      location /16k { root ${folder}/files; }
      location /1m { root ${folder}/files; }
    }`;
  return runNginx('backend', folder, `${server}\n  access_log off;`, 1, { httpPort: port, httpsPort: 0 });
}
