import type { ClientRequest, IncomingMessage, Agent, ServerResponse } from 'node:http';

import httpProxy from 'http-proxy';

import type { Endpoint } from '../../../model/upstream.ts';
import type { HeaderList } from '../../exchange/headers.ts';
import { guardedLookup } from './endpoint-names.ts';

/** Largest head of an answer (nginx: `proxy_buffer_size`; faults F-47). */
const answerHeadLimit = 32 * 1024;

/** One request as it goes to an endpoint. */
export interface OutgoingRequest {
  readonly endpoint: Endpoint;
  readonly protocol: 'http' | 'https';
  readonly agent: Agent;
  readonly method: string;
  readonly target: string;
  /** All of the head: nothing is added, nothing moves, spelling stays. */
  readonly headers: HeaderList;
}

const proxy = httpProxy.createProxyServer({});
// Errors come through the callback of each request; this listener is for those that http-proxy reports here instead.
proxy.on('error', () => undefined);

/**
 * Lets http-proxy make the request and choose its connection. Nothing is written before the caller writes, because the
 * body it would pipe is only a hook that hands the request over.
 * @param onError  the request failed; may be called more than once
 * @returns the request, whose events are the caller's
 * @throws when node:http refuses a byte of method, target or headers (threats R-28)
 */
export function startRequest(outgoing: OutgoingRequest, onError: (error: unknown) => void): ClientRequest | undefined {
  const { endpoint } = outgoing;
  let request: ClientRequest | undefined;
  const body = {
    pipe: (made: ClientRequest) => {
      request = made;
      return made;
    },
  };
  proxy.web(
    incomingStandIn(outgoing.method),
    answerStandIn,
    {
      target: {
        protocol: `${outgoing.protocol}:`,
        host: endpoint.address,
        hostname: endpoint.address,
        port: endpoint.port,
      },
      agent: outgoing.agent,
      ssl: requestOptions(outgoing),
      secure: false,
      toProxy: true,
      selfHandleResponse: true,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- http-proxy calls `pipe` and nothing else
      buffer: body as unknown as NodeJS.ReadableStream & IncomingMessage,
    },
    onError,
  );
  return request;
}

/**
 * http-proxy fills this object and hands it to `http.request`. It would rebuild the headers from an object, in reverse
 * order, and merge slashes of the path: both properties ignore what it writes.
 */
function requestOptions(outgoing: OutgoingRequest): object {
  return {
    get headers(): HeaderList {
      return outgoing.headers;
    },
    set headers(_rebuilt: unknown) {
      // Order and spelling are those of `outgoing.headers`.
    },
    get path(): string {
      return outgoing.target;
    },
    set path(_rebuilt: unknown) {
      // The target goes out byte for byte.
    },
    // No Host, Connection or Transfer-Encoding but those in the list.
    setDefaultHeaders: false,
    // nginx: `proxy_ssl_server_name off`.
    servername: '',
    maxHeaderSize: answerHeadLimit,
    insecureHTTPParser: false,
    lookup: guardedLookup,
  };
}

/** What http-proxy reads of the client's request. It must not listen to the real one: there may be several tries. */
function incomingStandIn(method: string): IncomingMessage {
  const standIn = {
    method,
    url: '/',
    headers: {},
    httpVersion: '1.1',
    socket: { destroyed: false },
    on: () => standIn,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- these are all the fields that http-proxy reads
  return standIn as unknown as IncomingMessage;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- with selfHandleResponse http-proxy reads `finished` only
const answerStandIn = { finished: true, headersSent: true } as unknown as ServerResponse;
