import { connect as connectTls } from 'node:tls';

import { failure } from './check.ts';
import type { SingleCheck } from './each-anew.ts';
import { errorResult } from './error-result.ts';
import { HttpAnswer } from './http-answer.ts';
import type { AnswerVerdict } from './http-answer.ts';
import { badHeader, requestOf } from './http-request.ts';
import { resultOf } from './http-verdict.ts';

/**
 * As an HTTP check, over TLS. Certificates are not verified: the kubelet does not either, because certificates of pods are
 * made for names, and the probe asks an address. Source: Kubernetes pkg/probe/http.
 */
export const httpsCheck: SingleCheck = (check, context, done) => {
  const bad = badHeader(check.headers);
  if (bad !== undefined) {
    const refusal = setImmediate(() => done(failure(bad)));
    return () => clearImmediate(refusal);
  }
  const answer = new HttpAnswer();
  const finish = (verdict: AnswerVerdict): void => {
    if (verdict !== 'more') done(resultOf(verdict, check));
  };
  const socket = connectTls({
    socket: context.connect({ host: check.address, port: check.port }),
    rejectUnauthorized: false,
  });
  socket.once('secureConnect', () => socket.write(requestOf(check, context.userAgent, 'close')));
  socket.on('data', (bytes: Buffer) => finish(answer.push(bytes)));
  socket.on('end', () => finish(answer.end()));
  socket.on('error', (error) => done(errorResult(error)));
  // After an error or the end this says nothing new; a connection that just vanishes ends here.
  socket.on('close', () => finish(answer.end()));
  return () => socket.destroy();
};
