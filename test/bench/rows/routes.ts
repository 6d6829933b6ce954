import { join } from 'node:path';

import { measure } from '../load.ts';
import { seconds } from '../options.ts';
import type { Peer, Site } from '../peers/peer.ts';
import { contestant } from './contestants.ts';
import type { Contestant, Row, Sample } from './row.ts';

const spread = join(import.meta.dirname, '../lua/spread.lua');
const few = sitesOf(2, 5);
const many = sitesOf(200, 100);
const nginxWithFew = contestant('nginx', ', 10 routes', { sites: few });
const withFew = contestant('native', ', 10 routes', { sites: few });
const withMany = contestant('native', ', 20,000 routes', { sites: many });

/** Requests spread over all routes: 2 hosts with 5 paths each, 200 hosts with 100 paths each. */
export const routesRow: Row = {
  id: 'routes',
  title: '20,000 routes instead of 10, requests spread over them, access log',
  measured: 'cpuUs',
  contestants: [nginxWithFew, contestant('nginx', ', 20,000 routes', { sites: many }), withFew, withMany],
  goals: [{ of: withMany.label, against: withFew.label, bound: 'at most', limit: 1.1 }],
  begin: () => Promise.resolve({ sample }),
};

function sample(peer: Peer, { setup }: Contestant): Promise<Sample> {
  const script = [spread, `${setup.sites.length}`, `${setup.sites[0]?.paths.length ?? 0}`];
  return measure(peer, { path: '/', secure: false, connections: 64, seconds, script });
}

function sitesOf(hosts: number, pathsOfEach: number): readonly Site[] {
  const paths = Array.from({ length: pathsOfEach }, (_, at) => `/p${at}/`);
  return Array.from({ length: hosts }, (_, at) => ({ host: `h${at}.example.test`, paths }));
}
