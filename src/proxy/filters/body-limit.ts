import { pageResponse } from '../exchange/error-page.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { headerValue } from '../exchange/headers.ts';
import type { Verdict } from '../exchange/phases.ts';
import type { Filter } from './filter.ts';

/**
 * Refuses bodies whose length is known and too large before any of it is read. Bodies in chunks are counted as they come,
 * by the engine. Source: nginx `client_max_body_size`.
 */
export const bodyLimit: Filter = {
  name: 'body-limit',
  create: ({ body }, { options }) => {
    const { limitBytes } = body ?? options.body;
    return limitBytes === 0 ? undefined : { request: (exchange) => check(exchange, limitBytes) };
  },
};

function check(exchange: Exchange, limitBytes: number): Verdict {
  const length = headerValue(exchange.request.headers, 'content-length');
  if (length === undefined || Number(length) <= limitBytes) return undefined;
  exchange.failure = 'body-too-large';
  return pageResponse(413);
}
