import { connect as connectHttp2, constants } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { isIPv6 } from 'node:net';

import type { HealthCheck } from '../../../model/upstream.ts';
import type { CheckContext, CheckResult } from './check.ts';
import { answerLimitBytes, failure, success } from './check.ts';
import type { SingleCheck } from './each-anew.ts';
import { errorResult } from './error-result.ts';
import { encodeHealthRequest, readHealthResponse, servingStatusName } from './grpc-health.ts';

/**
 * Passes when `grpc.health.v1.Health/Check` says SERVING, over HTTP/2 without TLS.
 * Source: Kubernetes pkg/probe/grpc, the gRPC health checking protocol, gRPC over HTTP/2.
 */
export const grpcCheck: SingleCheck = (check, context, done) => {
  const host = isIPv6(check.address) ? `[${check.address}]` : check.address;
  const socket = context.connect({ host: check.address, port: check.port });
  // Before the session's own listener, which turns every error into a cancelled stream.
  socket.on('error', (error) => done(errorResult(error)));
  const session = connectHttp2(`http://${host}:${check.port}`, {
    createConnection: () => socket,
    // One small answer: no push, no long headers.
    settings: { enablePush: false, maxHeaderListSize: 16_384 },
    maxSessionMemory: 1,
  });
  session.on('error', (error) => done(errorResult(error)));
  session.on('close', () => done(failure('closed without an answer')));
  ask(session.request(headersOf(check, context, host)), check, done);
  return () => {
    session.destroy();
    socket.destroy();
  };
};

function headersOf(check: HealthCheck, context: CheckContext, host: string): Record<string, string> {
  return {
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_SCHEME]: 'http',
    [constants.HTTP2_HEADER_AUTHORITY]: `${host}:${check.port}`,
    [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': context.userAgent,
    'grpc-timeout': `${check.timeoutMs}m`,
  };
}

function ask(stream: ClientHttp2Stream, check: HealthCheck, done: (result: CheckResult) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let grpcStatus = '';
  let httpStatus = 0;
  stream.on('response', (headers) => {
    httpStatus = headers[':status'] ?? 0;
    // An answer without a message carries its status here. Source: gRPC over HTTP/2, Trailers-Only.
    grpcStatus = textOf(headers['grpc-status']);
  });
  stream.on('trailers', (trailers) => (grpcStatus = textOf(trailers['grpc-status'])));
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > answerLimitBytes) done(failure('the answer is too long'));
    else chunks.push(chunk);
  });
  stream.on('error', (error) => done(errorResult(error)));
  stream.on('end', () => done(judge(httpStatus, grpcStatus, Buffer.concat(chunks))));
  stream.end(encodeHealthRequest(check.service));
}

function judge(httpStatus: number, grpcStatus: string, body: Buffer): CheckResult {
  if (httpStatus !== 200) return failure(httpStatus === 0 ? 'closed without an answer' : `HTTP ${httpStatus}`);
  if (grpcStatus === '12') return failure('the gRPC health service is not implemented');
  if (grpcStatus !== '0') return failure(/^\d{1,2}$/.test(grpcStatus) ? `gRPC status ${grpcStatus}` : 'no gRPC status');
  const serving = readHealthResponse(body);
  if (serving === undefined) return failure('not a gRPC health answer');
  return serving === 1 ? success('SERVING') : failure(servingStatusName(serving));
}

function textOf(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}
