import { pino, stdSerializers, stdTimeFunctions } from 'pino';

import type { LogDestination } from './log-destination.ts';
import { openLogDestination } from './log-destination.ts';

/** Fields of a log line. `error` may hold anything that was thrown. */
export type LogFields = Readonly<Record<string, unknown>>;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Program log: JSON lines on standard error. Never throws, never blocks; see `log-destination.ts` for its bounds. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Logger whose lines all carry these fields. */
  child(fields: LogFields): Logger;
  /** Resolves when all is written, or after `timeoutMs`: for the moment before the process ends. */
  flush(timeoutMs: number): Promise<void>;
  /** Lines that were dropped because nobody read them. */
  readonly dropped: number;
}

export interface LoggerOptions {
  /** `supervisor`, `control` or `worker-0`. */
  readonly process: string;
  readonly level: LogLevel;
  /** Standard error unless given. */
  readonly destination?: LogDestination;
}

type Method = 'debug' | 'info' | 'warn' | 'error';
type Write = (level: Method, fields: LogFields, message: string) => void;

/** @throws never */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? openLogDestination('/dev/stderr');
  const root = pino(
    {
      level: options.level,
      base: { process: options.process, pid: process.pid },
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    destination,
  );
  return loggerOf((level, fields, message) => root[level](fields, message), {}, destination);
}

function loggerOf(write: Write, fixed: LogFields, destination: LogDestination): Logger {
  const log = (level: Method, fields: LogFields, message: string): void => {
    try {
      write(level, { ...fixed, ...fields }, message);
    } catch {
      // A getter or toJSON of a logged value threw: the message alone is better than nothing.
      write(level, {}, message);
    }
  };
  return {
    debug: (fields, message) => log('debug', fields, message),
    info: (fields, message) => log('info', fields, message),
    warn: (fields, message) => log('warn', fields, message),
    error: (fields, message) => log('error', fields, message),
    child: (fields) => loggerOf(write, { ...fixed, ...fields }, destination),
    flush: (timeoutMs) => destination.flush(timeoutMs),
    get dropped() {
      return destination.dropped;
    },
  };
}
