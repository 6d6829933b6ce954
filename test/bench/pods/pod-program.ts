/**
 * A backend like one pod: answers 100 bytes and its name on both of its ports, after a delay, until it is told otherwise.
 * Usage: node pod-program.ts NAME PORT HEALTH_PORT DELAY_MS, with an IPC channel. Started by pod.ts.
 */
import http from 'node:http';
import type { Socket } from 'node:net';

import type { Order } from './pod.ts';

const [name = '', port = '0', healthPort = '0', delay = '0'] = process.argv.slice(2);
const body = 'x'.repeat(100);
const sockets = new Set<Socket>();
let delayMs = Number(delay);
let resets = false;

const servers = [port, healthPort].map((one) => {
  const server = http.createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    if (resets) request.socket.resetAndDestroy();
    else if (delayMs === 0) answer(response);
    else setTimeout(answer, delayMs, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return { server, listen: () => server.listen(Number(one), '127.0.0.1', 4096) };
});
for (const { listen, server } of servers) {
  listen();
  server.on('listening', () => {
    if (servers.every((one) => one.server.listening)) process.send?.('listening');
  });
}
process.on('message', (order: Order) => obey(order));
process.on('disconnect', () => process.exit(0));

function answer(response: http.ServerResponse): void {
  response.writeHead(200, { 'Content-Length': body.length, 'X-Backend': name }).end(body);
}

function obey(order: Order): void {
  switch (order.kind) {
    case 'delay':
      delayMs = order.milliseconds;
      break;
    case 'reset':
      resets = order.on;
      break;
    case 'refuse':
      for (const { server } of servers) server.close();
      for (const socket of sockets) socket.destroy();
      break;
    case 'listen':
      for (const { listen } of servers) listen();
      break;
  }
}
