import type { Stats } from 'node:fs';
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';

import { messageOf } from './error-text.ts';
import { OperatorError } from './operator-error.ts';

/**
 * Where log lines go: bounded, and never a reason to stop. A reader that is too slow, gone, or out of space costs lines,
 * which are counted, and nothing else (faults F-76, F-77).
 */
export interface LogDestination {
  /** @param line  with its line end */
  write(line: string): void;
  /** Lines that nobody will ever read, since the start. */
  readonly dropped: number;
  /** Resolves when all is written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** Memory for lines that wait, in UTF-16 units; the oldest go first. */
const ringLimit = 8 * 1024 * 1024;

/**
 * PIPE_BUF of Linux: a write of at most this size into a pipe is never mixed with that of another process, and all our
 * processes write into the same pipe. Source: pipe(7).
 */
const pipeChunk = 4096;
const fileChunk = 64 * 1024;
/** Lines wait this long for others, unless there are enough for a write. */
const gatherMs = 10;

/** A process has one of each, whoever asks for it. */
let standardOutput: LogDestination | undefined;
let standardError: LogDestination | undefined;

/** One open file, pipe or terminal. `done` is called once, with an error or without. */
interface Sink {
  readonly chunkLimit: number;
  send(chunk: string, done: (error: unknown) => void): void;
  /** At the end of the process: as much as goes without waiting. */
  sendNow(chunk: string): void;
}

/**
 * Destination for a path; `/dev/stdout` and `/dev/stderr` are the streams of this process.
 * @throws OperatorError `log-not-writable` when the file cannot be opened
 */
export function openLogDestination(path: string, limit: number = ringLimit): LogDestination {
  if (path === '' || path === '/dev/stdout') {
    return (standardOutput ??= ringDestination(
      sinkOf(1, () => process.stdout),
      limit,
    ));
  }
  if (path === '/dev/stderr') {
    return (standardError ??= ringDestination(
      sinkOf(2, () => process.stderr),
      limit,
    ));
  }
  try {
    // O_NONBLOCK: a named pipe without a reader fails at once instead of blocking the process.
    const fd = openSync(
      path,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK,
      0o640,
    );
    return ringDestination(
      sinkOf(fd, () => new Socket({ fd, readable: false, writable: true }).unref()),
      limit,
    );
  } catch (cause) {
    throw new OperatorError({
      code: 'log-not-writable',
      what: `The log file ${path} cannot be opened`,
      why: messageOf(cause),
      fix: 'Name a file in a folder that this user may write, or leave the setting out for standard output.',
      cause,
    });
  }
}

function sinkOf(fd: number, stream: () => Writable): Sink {
  let stats: Stats;
  try {
    stats = fstatSync(fd);
  } catch {
    // Closed by whoever started us (`>&-`): lines are dropped and counted.
    return { chunkLimit: fileChunk, send: (_chunk, done) => done(new Error('closed')), sendNow: () => undefined };
  }
  return isatty(fd) || stats.isFIFO() || stats.isSocket() ? streamSink(fd, stream()) : fileSink(fd);
}

function fileSink(fd: number): Sink {
  return {
    chunkLimit: fileChunk,
    send: (chunk, done) => {
      const bytes = Buffer.from(chunk);
      const next = (from: number): void => {
        write(fd, bytes, from, bytes.length - from, null, (error, written) => {
          if (error !== null || from + written >= bytes.length) done(error);
          else next(from + written);
        });
      };
      next(0);
    },
    sendNow: (chunk) => void writeSync(fd, chunk),
  };
}

/** Pipes are written through libuv, which never blocks on them; only one chunk waits inside the stream. */
function streamSink(fd: number, stream: Writable): Sink {
  let gone = false;
  // Without this listener EPIPE ends the process.
  stream.on('error', () => {
    gone = true;
  });
  return {
    chunkLimit: pipeChunk,
    send: (chunk, done) => {
      if (gone || stream.destroyed) return done(new Error('gone'));
      return void stream.write(chunk, (error) => done(error ?? undefined));
    },
    sendNow: (chunk) => void writeSync(fd, chunk),
  };
}

function ringDestination(sink: Sink, limit: number): LogDestination {
  const ring = new LineRing(limit);
  let sending = false;
  let scheduled = false;
  let urgent = false;
  let waiting: (() => void)[] = [];
  const settle = (): void => {
    const done = waiting;
    waiting = [];
    for (const resolve of done) resolve();
  };
  const pump = (): void => {
    scheduled = false;
    urgent = false;
    if (sending) return;
    const chunk = ring.take(sink.chunkLimit);
    if (chunk.lines === 0) return settle();
    sending = true;
    sink.send(chunk.text, (error) => {
      sending = false;
      if (error !== undefined && error !== null) ring.dropped += chunk.lines;
      pump();
    });
  };
  process.once('exit', () => drainNow(sink, ring, sending));
  return {
    write: (line) => {
      ring.push(line);
      if (sending) return;
      // One write for many lines: each costs two switches between threads.
      if (ring.size >= sink.chunkLimit && !urgent) {
        urgent = true;
        setImmediate(pump);
      } else if (!scheduled) setTimeout(pump, gatherMs);
      scheduled = true;
    },
    get dropped() {
      return ring.dropped;
    },
    flush: (timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
        pump();
      }),
  };
}

/** Last lines of a process that ends now. Errors have nobody left to tell. */
function drainNow(sink: Sink, ring: LineRing, sending: boolean): void {
  if (sending) return;
  try {
    for (let chunk = ring.take(sink.chunkLimit); chunk.lines > 0; chunk = ring.take(sink.chunkLimit)) {
      sink.sendNow(chunk.text);
    }
  } catch {
    // EAGAIN of a full pipe, EPIPE, ENOSPC: the process ends all the same.
  }
}

/** Lines in order; `head` is the oldest one that is left. */
class LineRing {
  dropped = 0;
  readonly #limit: number;
  #lines: string[] = [];
  #head = 0;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(line: string): void {
    this.#lines.push(line);
    this.#size += line.length;
    while (this.#size > this.#limit && this.#head < this.#lines.length) {
      this.#shift();
      this.dropped += 1;
    }
  }

  /** UTF-16 units that wait. */
  get size(): number {
    return this.#size;
  }

  /** Whole lines up to `limit` units, at least one if there is one. */
  take(limit: number): { readonly text: string; readonly lines: number } {
    let text = '';
    let lines = 0;
    while (this.#head < this.#lines.length) {
      const line = this.#lines[this.#head] ?? '';
      if (lines > 0 && text.length + line.length > limit) break;
      text += line;
      lines += 1;
      this.#shift();
    }
    return { text, lines };
  }

  #shift(): void {
    this.#size -= (this.#lines[this.#head] ?? '').length;
    this.#lines[this.#head] = '';
    this.#head += 1;
    if (this.#head < 1024 || this.#head * 2 < this.#lines.length) return;
    this.#lines = this.#lines.slice(this.#head);
    this.#head = 0;
  }
}
