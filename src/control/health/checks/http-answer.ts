import { answerLimitBytes } from './check.ts';

/** `more` while the answer is not complete; a problem is why it never will be. */
export type AnswerVerdict = 'more' | { readonly status: number } | { readonly problem: string };

const more: AnswerVerdict = 'more';
const notHttp: AnswerVerdict = { problem: 'not an HTTP answer' };
const cut: AnswerVerdict = { problem: 'the answer was cut off' };

/**
 * Reads one HTTP/1 answer to its end, or to `answerLimitBytes`, after which its status alone decides: a server that
 * sends a status and then hangs is not well. Keeps no more than the limit, and only as long as the check.
 *
 *     head → body by length  → complete
 *          → body in chunks  → complete
 *          → body until end  → complete
 *
 * Source: Kubernetes pkg/probe/http (`ReadAtMost` of the body), RFC 9112 sections 6 and 7.
 */
export class HttpAnswer {
  #text = '';
  /** Where the search for the end of the head goes on, or where the next chunk starts. */
  #at = 0;
  #status = 0;
  #body: 'head' | 'length' | 'chunks' | 'until-end' = 'head';
  #bodyEnd = 0;
  #mayKeep = false;

  get isEmpty(): boolean {
    return this.#text === '' && this.#status === 0;
  }

  /**
   * After a verdict: whether the connection can carry another request. Only what is beyond doubt counts: an answer whose
   * end is known and after which nothing came. Source: RFC 9112 section 9.3.
   */
  get leavesOpen(): boolean {
    if (!this.#mayKeep) return false;
    if (this.#body === 'length') return this.#text.length === this.#bodyEnd;
    return this.#body === 'chunks' && this.#text.endsWith('0\r\n\r\n') && this.#text.length === this.#at + 5;
  }

  /** For the next answer. */
  reset(): void {
    this.#text = '';
    this.#at = 0;
    this.#status = 0;
    this.#body = 'head';
    this.#bodyEnd = 0;
    this.#mayKeep = false;
  }

  push(bytes: Buffer): AnswerVerdict {
    this.#text += bytes.toString('latin1', 0, Math.min(bytes.length, answerLimitBytes - this.#text.length));
    const verdict = this.#read();
    if (verdict !== more || this.#text.length < answerLimitBytes) return verdict;
    const status = this.#status === 0 ? statusOf(this.#text) : this.#status;
    return status === 0 ? notHttp : { status };
  }

  /** The endpoint closed the connection. */
  end(): AnswerVerdict {
    if (this.#text === '') return { problem: 'closed without an answer' };
    return this.#body === 'until-end' ? { status: this.#status } : cut;
  }

  #read(): AnswerVerdict {
    switch (this.#body) {
      case 'head':
        return this.#readHead();
      case 'length':
        return this.#text.length >= this.#bodyEnd ? { status: this.#status } : more;
      case 'chunks':
        return this.#readChunks();
      case 'until-end':
        return more;
    }
  }

  #readHead(): AnswerVerdict {
    if (!startsLikeHttp(this.#text)) return notHttp;
    const end = this.#endOfHead();
    if (end === 0) return more;
    const head = this.#text.slice(0, end);
    const status = statusOf(head);
    if (status === 0) return notHttp;
    if (status >= 100 && status < 200 && status !== 101) {
      // Interim answers come before the real one. Source: RFC 9110 section 15.2.
      this.#text = this.#text.slice(end);
      this.#at = 0;
      return this.#text === '' ? more : this.#readHead();
    }
    this.#status = status;
    this.#startBody(head, end);
    return this.#read();
  }

  #startBody(head: string, end: number): void {
    const length = /\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r?\n/i.exec(head)?.[1];
    this.#at = end;
    this.#mayKeep = this.#status !== 101 && head.startsWith('HTTP/1.1') && !/\nconnection:[^\n]*close/i.test(head);
    if (this.#status === 101 || this.#status === 204 || this.#status === 304) {
      this.#body = 'length';
      this.#bodyEnd = end;
    } else if (/\ntransfer-encoding:[^\n]*chunked[ \t]*\r?\n/i.test(head)) {
      this.#body = 'chunks';
    } else if (length === undefined) {
      this.#body = 'until-end';
    } else {
      this.#body = 'length';
      this.#bodyEnd = end + Number(length);
    }
  }

  /** Position after the empty line that ends the head; 0 when it is not there yet. */
  #endOfHead(): number {
    const from = Math.max(0, this.#at - 3);
    this.#at = this.#text.length;
    const strict = this.#text.indexOf('\r\n\r\n', from);
    if (strict !== -1) return strict + 4;
    const bare = this.#text.indexOf('\n\n', from);
    return bare === -1 ? 0 : bare + 2;
  }

  #readChunks(): AnswerVerdict {
    for (;;) {
      const lineEnd = this.#text.indexOf('\r\n', this.#at);
      if (lineEnd === -1) return more;
      const size = /^([0-9a-f]{1,8})(?:[ \t;]|$)/i.exec(this.#text.slice(this.#at, lineEnd))?.[1];
      if (size === undefined) return notHttp;
      // Trailers do not matter: the last chunk has come.
      if (Number.parseInt(size, 16) === 0) return { status: this.#status };
      const next = lineEnd + 2 + Number.parseInt(size, 16) + 2;
      if (next > this.#text.length) return more;
      this.#at = next;
    }
  }
}

/** As far as there is text, it is the start of a status line. */
function startsLikeHttp(text: string): boolean {
  const start = 'HTTP/1.';
  return text.length < start.length ? start.startsWith(text) : text.startsWith(start);
}

/** Status of a head, or 0. Source: RFC 9112 section 4. */
function statusOf(head: string): number {
  const status = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n/.exec(head)?.[1];
  return status === undefined ? 0 : Number(status);
}
