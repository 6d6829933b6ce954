import type { MirrorPolicy } from '../../model/policy.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { HeaderList } from '../exchange/headers.ts';
import { headerValue } from '../exchange/headers.ts';
import type { ExchangeText } from '../exchange/variables.ts';
import { compileText } from '../exchange/variables.ts';
import type { Filter } from './filter.ts';
import type { MirrorSender } from './mirror-sender.ts';

/**
 * Sends a copy of each request that goes to an endpoint somewhere else as well. The sender decides what becomes of it;
 * the exchange never waits for it. Source: ingress-nginx `mirror-target`; nginx `ngx_http_mirror_module`.
 */
export const mirror: Filter = {
  name: 'mirror',
  create: ({ mirror: policy }, { sendCopy }) => {
    if (policy === undefined || sendCopy === undefined) return undefined;
    const mirroring = new Mirroring(policy, sendCopy);
    return { forward: (exchange) => mirroring.copy(exchange), finish: (exchange) => exchange.bodyCopy?.abort() };
  },
};

/** What is made once for all routes that ask for the same. */
class Mirroring {
  readonly #policy: MirrorPolicy;
  readonly #send: MirrorSender;
  readonly #path: ExchangeText;
  readonly #host: ExchangeText;

  constructor(policy: MirrorPolicy, send: MirrorSender) {
    this.#policy = policy;
    this.#send = send;
    this.#path = compileText(policy.path);
    this.#host = compileText(policy.host);
  }

  /** Further tries are of the same request, and an upgrade leads to no answer that could be thrown away. */
  copy(exchange: Exchange): void {
    if (exchange.tried.length > 1 || exchange.request.upgrade) return;
    const { headers } = exchange.request;
    const length = headerValue(headers, 'content-length');
    const hasBody = headerValue(headers, 'transfer-encoding') !== undefined || Number(length ?? 0) > 0;
    const withBody = hasBody && this.#policy.body;
    exchange.bodyCopy = this.#send({
      policy: this.#policy,
      labels: exchange.labels,
      method: exchange.request.method,
      path: this.#path(exchange),
      headers: headOf(exchange.forwardHeaders, this.#host(exchange)),
      body: withBody ? (length === undefined ? 'chunked' : Number(length)) : 'none',
      key: exchange.clientAddress,
    });
  }
}

/** The head that the backend gets, with another Host. Framing is the sender's. */
function headOf(forwarded: readonly string[], host: string): HeaderList {
  const head: HeaderList = ['Host', host];
  for (let at = 0; at < forwarded.length; at += 2) {
    const name = forwarded[at] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'host' || lower === 'content-length') continue;
    head.push(name, forwarded[at + 1] ?? '');
  }
  return head;
}
