import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Peer, PeerOptions } from './peer.ts';
import { freePort, spawnWithFiles, started } from './peer.ts';

export type NodeProxy = 'http-proxy' | 'undici';

/** A library behind node:http, in one process: what one would write without Fairway. */
export async function startNodeProxy(library: NodeProxy, options: PeerOptions): Promise<Peer> {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const { certificate, endpoints, folder } = options;
  mkdirSync(folder, { recursive: true });
  const child = spawnWithFiles(
    [process.execPath, '--disable-warning=DEP0060', join(import.meta.dirname, `${library}-alone.ts`)],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        HTTP_PORT: `${httpPort}`,
        HTTPS_PORT: `${httpsPort}`,
        BACKEND_PORT: `${endpoints[0]?.port}`,
        CERT: certificate.certPath,
        KEY: certificate.keyPath,
        LOG: options.accessLog ? join(folder, 'access.log') : '',
      },
    },
  );
  return started(library, child, { httpPort, httpsPort });
}
