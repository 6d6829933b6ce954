import { codeOf } from '../../../lib/error-text.ts';
import { connectFailure } from '../../exchange/connect-failure.ts';
import type { FailureName } from '../../exchange/failure.ts';

/** How far a try had come when its error arrived. */
export type TryStage = 'connecting' | 'sending';

/** The failure that an error of node:http, node:net or node:tls stands for. */
export function failureOf(error: unknown, stage: TryStage): FailureName {
  const code = codeOf(error);
  if (stage === 'connecting') return connectFailure(code);
  // llhttp found something that is not HTTP/1.1. An end in the middle of a head is a connection that was closed.
  if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE' && code !== 'HPE_CLOSED_CONNECTION') {
    return 'upstream-invalid';
  }
  return code === 'ETIMEDOUT' ? 'read-timeout' : 'upstream-reset';
}
