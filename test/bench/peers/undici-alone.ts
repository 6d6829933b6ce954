/** The npm package undici behind node:http. Started by node-proxies.ts. */
import type { ServerResponse } from 'node:http';

import { Pool } from 'undici';

import { backend, serve } from './node-server.ts';

const pool = new Pool(backend, { connections: 320 });
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect'];

serve((request, response, added) => {
  const headers: Record<string, string | string[] | undefined> = { ...request.headers, ...added };
  for (const name of hopByHop) delete headers[name];
  const { headers: received } = request;
  const body = 'content-length' in received || 'transfer-encoding' in received ? request : null;
  const method = request.method ?? 'GET';
  pool
    .stream<ServerResponse>({ path: request.url ?? '/', method, headers, body, opaque: response }, (answer) => {
      const head = answer.headers;
      for (const name of hopByHop) delete head[name];
      return response.writeHead(answer.statusCode, head);
    })
    .catch(() => {
      if (!response.headersSent) response.writeHead(502);
      response.end();
    });
});
