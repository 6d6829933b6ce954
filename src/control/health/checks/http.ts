import { isIPv6 } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import type { HealthCheck } from '../../../model/upstream.ts';
import type { Check, CheckContext, CheckResult } from './check.ts';
import { answerLimitBytes, failure, success } from './check.ts';
import { errorResult } from './error-result.ts';
import { HttpAnswer } from './http-answer.ts';
import type { AnswerVerdict } from './http-answer.ts';

/** All checks read into this one: nothing reads two sockets at a time, and a buffer for each would cost more than the check. */
const readBuffer: Buffer = Buffer.allocUnsafeSlow(answerLimitBytes);

/**
 * Passes when the answer's status is 200 to 399. Certificates are not verified. Redirects are not followed: the kubelet
 * follows those to the same host, here the answer that redirects is the proof that the server is well.
 * Source: Kubernetes pkg/probe/http, pkg/kubelet/prober.
 */
export const httpCheck: Check = (check, context, done) => {
  const bad = badHeader(check.headers);
  if (bad !== undefined) {
    const refusal = setImmediate(() => done(failure(bad)));
    return () => clearImmediate(refusal);
  }
  const answer = new HttpAnswer();
  const finish = (verdict: AnswerVerdict): void => {
    if (verdict !== 'more') done(resultOf(verdict));
  };
  const socket = open(check, context, (bytes) => finish(answer.push(bytes)));
  socket.once(check.scheme === 'https' ? 'secureConnect' : 'connect', () => socket.write(requestOf(check, context)));
  socket.on('end', () => finish(answer.end()));
  socket.on('error', (error) => done(errorResult(error)));
  // After an error or the end this says nothing new; a connection that just vanishes ends here.
  socket.on('close', () => finish(answer.end()));
  return () => socket.destroy();
};

/** @param take  gets what comes in; the bytes are valid during the call only */
function open(check: HealthCheck, context: CheckContext, take: (bytes: Buffer) => void): Socket {
  const address = { host: check.address, port: check.port };
  if (check.scheme === 'http') {
    const callback = (length: number): boolean => {
      take(readBuffer.subarray(0, length));
      return true;
    };
    return context.connect({ ...address, onread: { buffer: readBuffer, callback } });
  }
  // The kubelet does not verify either: certificates of pods are made for names, and the probe asks an address.
  const socket = connectTls({ socket: context.connect(address), rejectUnauthorized: false });
  return socket.on('data', take);
}

function resultOf(verdict: Exclude<AnswerVerdict, 'more'>): CheckResult {
  if ('problem' in verdict) return failure(verdict.problem);
  return verdict.status >= 200 && verdict.status < 400
    ? success(`HTTP ${verdict.status}`)
    : failure(`HTTP ${verdict.status}`);
}

/** Head of the request. A header of the probe replaces one of ours; with an empty value it removes it, as the kubelet does. */
function requestOf(check: HealthCheck, context: CheckContext): string {
  const host = isIPv6(check.address) ? `[${check.address}]` : check.address;
  const ours: Record<string, string> = {
    host: `${host}:${check.port}`,
    'user-agent': context.userAgent,
    accept: '*/*',
  };
  const given: string[] = [];
  for (let at = 0; at < check.headers.length; at += 2) {
    const name = check.headers[at] ?? '';
    const value = check.headers[at + 1] ?? '';
    delete ours[name.toLowerCase()];
    if (value !== '') given.push(`${name}: ${value}\r\n`);
  }
  const own = Object.entries(ours).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${targetOf(check.path)} HTTP/1.1\r\n${own.join('')}${given.join('')}connection: close\r\n\r\n`;
}

/** Path and query with everything escaped that a request line cannot hold. */
function targetOf(path: string): string {
  const withoutFragment = path.split('#', 1)[0] ?? '';
  const escaped = encodeURI(withoutFragment.toWellFormed()).replaceAll('%25', '%');
  return escaped.startsWith('/') ? escaped : `/${escaped}`;
}

/** What is wrong with the headers of a probe, or undefined. Source: RFC 9110 section 5.5. */
function badHeader(headers: readonly string[]): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(headers[at] ?? '')) return 'the probe has an invalid header name';
    if (/[\0\r\n]/.test(headers[at + 1] ?? '')) return 'the probe has an invalid header value';
  }
  return undefined;
}
