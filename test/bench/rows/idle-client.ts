/**
 * Opens connections, sends one request on each and keeps them until standard input ends. Says `open` when all are there.
 * Usage: node idle-client.ts http|https PORT CONNECTIONS. Started by idle.ts.
 */
import { connect } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';

const [scheme = 'http', port = '0', count = '0'] = process.argv.slice(2);
const atATime = 64;
const secureContext = createSecureContext();
let started = 0;
let answered = 0;

function openNext(): void {
  if (started === Number(count)) return;
  started += 1;
  const at = { host: '127.0.0.1', port: Number(port) };
  const socket = scheme === 'https' ? connectTls({ ...at, rejectUnauthorized: false, secureContext }) : connect(at);
  const fail = (error?: Error | boolean): void => {
    console.error(error instanceof Error ? error.message : `closed after ${answered} answers`);
    process.exit(1);
  };
  socket.on('error', fail);
  socket.on('close', fail);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  socket.once('data', () => {
    answered += 1;
    socket.resume();
    if (answered === Number(count)) console.log('open');
    else openNext();
  });
}

for (let at = 0; at < atATime; at += 1) openNext();
process.stdin.resume().once('end', () => process.exit(0));
