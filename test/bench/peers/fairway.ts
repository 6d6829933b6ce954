import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

import { ingress, pod, service, yaml } from '../../support/manifests.ts';
import type { Peer, PeerOptions } from './peer.ts';
import { freePort, spawnWithFiles, started } from './peer.ts';

/**
 * The whole program, with all its processes.
 * @param engine  `native`, or `native@FOLDER` for another checkout, to compare two versions of ourselves
 */
export async function startFairway(engine: string, options: PeerOptions): Promise<Peer> {
  const [name = '', checkout = join(import.meta.dirname, '../../..')] = engine.split('@');
  const [httpPort, httpsPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const { folder } = options;
  const manifests = join(folder, 'manifests');
  mkdirSync(manifests, { recursive: true });
  writeFileSync(join(manifests, 'all.yaml'), manifestsOf(options));
  const log = openSync(join(folder, 'program.log'), 'w');
  const child = spawnWithFiles(
    [
      process.execPath,
      join(checkout, 'src/main.ts'),
      '--manifests',
      manifests,
      `--engine=${name}`,
      `--workers=${options.workers}`,
      '--listen-address=127.0.0.1',
      `--http-port=${httpPort}`,
      `--https-port=${httpsPort}`,
      `--healthz-port=${adminPort}`,
      '--watch-ingress-without-class',
      '--shutdown-lameduck=0',
      '--shutdown-drain=1s',
      '--default-ssl-certificate=default/tls',
      '--keep-alive=300',
      '--keep-alive-requests=10000000',
      '--log-format=nginx',
      `--access-log=${options.accessLog}`,
      `--access-log-path=${folder}/access.log`,
      ...flagsOf(options),
    ],
    { stdio: ['ignore', 'ignore', log] },
  );
  closeSync(log);
  const peer = await started(`fairway (${engine})`, child, { httpPort, httpsPort }, join(folder, 'program.log'));
  await untilServed(httpPort, options.sites[0]?.host ?? 'localhost', options.sites[0]?.paths[0] ?? '/');
  return { ...peer, adminPort };
}

function flagsOf({ faultTolerance }: PeerOptions): string[] {
  if (faultTolerance === undefined) return ['--health-checks=off'];
  const { connectSeconds, readSeconds, tries } = faultTolerance;
  return [
    `--proxy-connect-timeout=${connectSeconds}`,
    `--proxy-read-timeout=${readSeconds}`,
    `--proxy-next-upstream-tries=${tries}`,
  ];
}

function manifestsOf({ balancing = '', certificate, endpoints, faultTolerance, sites }: PeerOptions): string {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'tls' },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificate.cert, 'tls.key': certificate.key },
  };
  const [algorithm = '', hashBy] = balancing.split(' ');
  const annotations = {
    'ssl-redirect': 'false',
    'proxy-body-size': '0',
    ...(algorithm === '' || algorithm === 'hash' ? {} : { 'load-balance': algorithm }),
    ...(hashBy === undefined ? {} : { 'upstream-hash-by': hashBy }),
  };
  const pods = endpoints.map(({ healthPort, name, port, weight }) => ({
    ...pod(name, port, {
      httpGet: { path: '/healthz', port: healthPort ?? port },
      periodSeconds: faultTolerance?.checkEverySeconds ?? 1,
      failureThreshold: faultTolerance?.checksToFail ?? 3,
    }),
    metadata: { name, ...(weight === undefined ? {} : { annotations: { 'fairway.dev/weight': `${weight}` } }) },
  }));
  const ingresses = sites.map(({ host, paths }, at) =>
    ingress({ name: `web${at}`, host, annotations, paths: Object.fromEntries(paths.map((path) => [path, 'web'])) }),
  );
  const targets = endpoints.map(({ name, port }) => ({ pod: name, port }));
  return yaml(...service('web', targets), ...pods, secret, ...ingresses);
}

/** @returns after the first 200, which means that the routes have come to the worker */
async function untilServed(port: number, host: string, path: string): Promise<void> {
  for (let left = 1200; left > 0; left -= 1) {
    const status = await new Promise<number>((resolve) => {
      const request = http.get({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      request.on('error', () => resolve(0));
    });
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no 200 on ${port}`);
}
