import type { Check } from './check.ts';
import { success } from './check.ts';
import { errorResult } from './error-result.ts';

/** Passes when a connection opens; nothing is sent. Source: Kubernetes pkg/probe/tcp. */
export const tcpCheck: Check = (check, context, done) => {
  const socket = context.connect({ host: check.address, port: check.port });
  socket.once('connect', () => done(success('connected')));
  socket.on('error', (error) => done(errorResult(error)));
  return () => socket.destroy();
};
