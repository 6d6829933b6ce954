import type { BodyPolicy, UpstreamTimeouts } from '../../model/policy.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FailureName } from '../exchange/failure.ts';

/** What a filter chain decides when the head of an upstream's answer is there. */
export type HeadVerdict = 'relay' | 'discard';

/**
 * Called once per try when the head of the answer is there; never throws.
 * @param bodyConsumed  as in `TryOutcome`, at this moment
 */
export type OnHead = (exchange: Exchange, bodyConsumed: boolean) => HeadVerdict;

/** How one try ended. */
export interface TryOutcome {
  /** Absent: the whole answer went to the client (or its status made us discard it for another try). */
  readonly failure?: FailureName;
  /** The head of an answer is on its way to the client: nothing else can be sent any more. */
  readonly committed: boolean;
  /** Bytes of the request's body have been read from the client and cannot be sent again. */
  readonly bodyConsumed: boolean;
}

/**
 * What an engine does for one exchange; `serveExchange` decides, the transport moves bytes. Made per exchange.
 * Every method is called at most once at a time, and none throws: what goes wrong is an outcome.
 */
export interface Transport {
  /**
   * Answers the client with `exchange.status`, `exchange.responseHeaders` and this body. The headers hold Date,
   * Content-Type and Content-Length; an answer to HEAD keeps them and leaves the body out.
   */
  respond(exchange: Exchange, body: string): Promise<void>;
  /**
   * One try: sends the request with `exchange.forwardHeaders` and `exchange.forwardTarget` to `exchange.endpoint`.
   * The headers hold neither Connection (except for an upgrade) nor Transfer-Encoding: framing is the transport's.
   * When the head of the answer is there it fills `status`, `responseHeaders`, `upstreamStatus`, `headerMs` and asks
   * `onHead`; `relay` streams the answer with what `onHead` made of `status` and `responseHeaders` to the client,
   * `discard` throws it away. Resolves when the try is over, for a tunnel when both sides are closed.
   */
  forward(exchange: Exchange, options: TryOptions, onHead: OnHead): Promise<TryOutcome>;
  /**
   * While no try is under way: calls `listener` when the client leaves or breaks its request, at once when it has done so
   * already; that is the last thing it says. undefined ends it. Meanwhile nobody takes the body: a client that sends it
   * slowly, or waits to be asked for it, is not to blame.
   */
  watchClient(listener: ((failure: FailureName) => void) | undefined): void;
}

export interface TryOptions {
  readonly protocol: 'http' | 'https';
  readonly timeouts: UpstreamTimeouts;
  readonly body: BodyPolicy;
}
