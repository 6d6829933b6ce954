/** The npm package http-proxy behind node:http. Started by node-proxies.ts. */
import http from 'node:http';

import httpProxy from 'http-proxy';

import { backend, serve } from './node-server.ts';

const agent = new http.Agent({ keepAlive: true, maxSockets: 320, maxFreeSockets: 320 });
const proxy = httpProxy.createProxyServer({ target: backend, agent });
proxy.on('error', (_error, _request, response) => {
  if ('writeHead' in response && !response.headersSent) response.writeHead(502);
  response.end();
});
serve((request, response, headers) => proxy.web(request, response, { headers }));
