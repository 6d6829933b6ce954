import { chunkHead, lastChunk } from '../../src/proxy/protocols/http1/chunked.ts';
import { chunked, empty, requestHead } from '../../src/proxy/protocols/http1/heads.ts';
import type { ReadRequest } from './http1-reading.ts';
import { pieces, readRequests } from './http1-reading.ts';
import { readWithNode } from './llhttp-reading.ts';

/**
 * Whether what we would forward means the same to others: node:http reads as many requests with the same bodies, in the
 * bytes that came and in the bytes that we would write. And whether our reading depends on how the bytes are cut.
 * @returns what differs, or undefined
 */
export async function disagreementOn(input: Buffer): Promise<string | undefined> {
  const ours = readRequests([input]);
  for (const size of [1, 5, 4096]) {
    const cut = readRequests(pieces(input, size));
    if (JSON.stringify(cut) !== JSON.stringify(ours)) return `read otherwise in pieces of ${size}`;
  }
  if (ours.requests.length === 0) return undefined;
  const expected = JSON.stringify(ours.requests.map(summary));
  // Behind a request that closes nobody reads on, and node does not behind an upgrade that it was not asked to honour.
  const closing = ours.requests.findIndex(({ request }) => !request.keepAlive || namesUpgrade(request.headers));
  const comparable = closing === -1 ? ours.requests : ours.requests.slice(0, closing + 1);
  const raw = await readWithNode(input.subarray(0, comparable.at(-1)?.end ?? 0));
  if (JSON.stringify(raw.requests) !== JSON.stringify(comparable.map(summary)) && !expectedRefusal.has(raw.error)) {
    return `node reads ${JSON.stringify(raw)}, we read ${expected}`;
  }
  const written = Buffer.concat(ours.requests.map(rewritten));
  const again = await readWithNode(written);
  if (JSON.stringify(again.requests) !== expected && !expectedRefusal.has(again.error)) {
    return `forwarded as ${JSON.stringify(written.toString('latin1'))}, which node reads as ${JSON.stringify(again)}`;
  }
  return undefined;
}

/**
 * node:http knows a fixed list of methods, and refuses a tab behind `chunked`, which RFC 9110 section 5.5 excludes from
 * the value. We write neither of them on in a way that it refuses for another reason.
 */
const expectedRefusal: ReadonlySet<string> = new Set(['HPE_INVALID_METHOD', 'HPE_INVALID_TRANSFER_ENCODING']);

function namesUpgrade(headers: readonly string[]): boolean {
  return headers.some((name, at) => at % 2 === 0 && /^upgrade$/i.test(name));
}

/**
 * Connections whose bytes others must read as we do: as they came, up to where nobody reads on, and as we would write them.
 * @returns none when we would forward nothing
 */
export function forwardedOf(input: Buffer): { readonly bytes: Buffer; readonly requests: readonly ReadRequest[] }[] {
  const { requests } = readRequests([input]);
  if (requests.length === 0) return [];
  const closing = requests.findIndex(
    ({ request }) => !request.keepAlive || namesUpgrade(request.headers) || mentionsClose(request.headers),
  );
  const open = closing === -1 ? requests : requests.slice(0, closing);
  const asWritten = { bytes: Buffer.concat(requests.map(rewritten)), requests };
  if (open.length === 0) return [asWritten];
  return [{ bytes: input.subarray(0, open.at(-1)?.end ?? 0), requests: open }, asWritten];
}

/** nginx closes behind a `Connection` that holds these letters anywhere. */
function mentionsClose(headers: readonly string[]): boolean {
  return headers.some((name, at) => at % 2 === 0 && /^connection$/i.test(name) && /close/i.test(headers[at + 1] ?? ''));
}

function summary({ request, body }: ReadRequest): { method: string; target: string; body: string } {
  return { method: request.method, target: request.target, body };
}

/** As a proxy would write it: hop-by-hop fields away, framing our own. */
function rewritten({ request, body }: ReadRequest): Buffer {
  const headers: string[] = [];
  for (let at = 0; at < request.headers.length; at += 2) {
    const name = request.headers[at] ?? '';
    if (!/^(?:connection|upgrade|expect|te|trailer|keep-alive)$/i.test(name)) {
      headers.push(name, request.headers[at + 1] ?? '');
    }
  }
  if (request.host === '' && !headers.some((name, at) => at % 2 === 0 && /^host$/i.test(name)))
    headers.push('Host', 'a');
  const framing =
    request.body === 'chunked'
      ? chunked
      : request.body === 'length'
        ? ({ kind: 'length', length: request.bodyLength } as const)
        : empty;
  const head = requestHead(request.method, request.target, headers, framing);
  if (head === undefined) throw new Error(`cannot be written: ${JSON.stringify(request)}`);
  const coded = body === '' ? lastChunk : `${chunkHead(body.length)}${body}\r\n${lastChunk}`;
  return Buffer.from(head + (request.body === 'chunked' ? coded : body), 'latin1');
}
