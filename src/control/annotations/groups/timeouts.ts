import type { RetryCondition, RetryPolicy, UpstreamTimeouts } from '../../../model/policy.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { AnnotationGroup } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { retryConditions, seconds, wholeNumber } from '../value-kind.ts';

interface Values {
  readonly connectMs: number;
  readonly sendMs: number;
  readonly readMs: number;
  readonly nextUpstream: readonly RetryCondition[];
  readonly tries: number;
  readonly retryMs: number;
}

/** Deadlines towards endpoints, and when a request goes to another one. */
export const timeouts: AnnotationGroup = defineGroup<Values>({
  title: 'Timeouts and retries',
  annotations: {
    connectMs: {
      key: 'proxy-connect-timeout',
      value: seconds(1),
      scope: 'path',
      risk: 'low',
      doc: 'Seconds for a connection to an endpoint.',
      example: '5',
    },
    sendMs: {
      key: 'proxy-send-timeout',
      value: seconds(1),
      scope: 'path',
      risk: 'low',
      doc: 'Seconds of silence between two writes to an endpoint.',
      example: '60',
    },
    readMs: {
      key: 'proxy-read-timeout',
      value: seconds(1),
      scope: 'path',
      risk: 'low',
      doc: 'Seconds of silence between two reads from an endpoint; for WebSocket as well.',
      example: '3600',
    },
    nextUpstream: {
      key: 'proxy-next-upstream',
      value: retryConditions(),
      scope: 'path',
      risk: 'medium',
      doc: 'When a request goes to another endpoint. POST, LOCK and PATCH do not, without non_idempotent.',
      example: 'error timeout http_503',
      deviation: 'The same endpoint is tried again only when it is alone.',
    },
    tries: {
      key: 'proxy-next-upstream-tries',
      value: wholeNumber(0, 1_000_000_000),
      scope: 'path',
      risk: 'low',
      doc: 'Tries in all, the first included; 0 is no limit.',
      example: '3',
    },
    retryMs: {
      key: 'proxy-next-upstream-timeout',
      value: seconds(0),
      scope: 'path',
      risk: 'low',
      doc: 'Seconds for all tries; 0 is no limit.',
      example: '10',
    },
  },
  meaning: ({ connectMs, sendMs, readMs, nextUpstream, tries, retryMs }, settings) => {
    const own = connectMs !== undefined || sendMs !== undefined || readMs !== undefined;
    const defaults = defaultTimeouts(settings);
    const retry = defaultRetry(settings);
    const timeouts = {
      connectMs: connectMs ?? defaults.connectMs,
      sendMs: sendMs ?? defaults.sendMs,
      readMs: readMs ?? defaults.readMs,
    };
    return {
      route: {
        ...(own && { timeouts }),
        retry: { on: nextUpstream ?? retry.on, tries: tries ?? retry.tries, timeoutMs: retryMs ?? retry.timeoutMs },
      },
    };
  },
});

/** Of routes that do not ask for others. */
export function defaultTimeouts(settings: Settings): UpstreamTimeouts {
  return {
    connectMs: settings.proxyConnectTimeoutMs,
    sendMs: settings.proxySendTimeoutMs,
    readMs: settings.proxyReadTimeoutMs,
  };
}

/** Of routes that do not ask for another. A setting that cannot be read was reported when it was parsed: no retries. */
export function defaultRetry(settings: Settings): RetryPolicy {
  const conditions = retryConditions().parse(settings.proxyNextUpstream);
  return {
    on: conditions.ok ? conditions.value : [],
    tries: settings.proxyNextUpstreamTries,
    timeoutMs: settings.proxyNextUpstreamTimeoutMs,
  };
}
