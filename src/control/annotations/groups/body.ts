import type { BodyPolicy } from '../../../model/policy.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { AnnotationGroup } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { byteSize, choice } from '../value-kind.ts';

interface Values {
  readonly limitBytes: number;
  readonly bufferBytes: number;
  readonly buffering: 'on' | 'off';
}

/** How large bodies of requests may be, and how much of them can be sent once more. */
export const body: AnnotationGroup = defineGroup<Values>({
  title: 'Bodies of requests',
  annotations: {
    limitBytes: {
      key: 'proxy-body-size',
      value: byteSize(),
      scope: 'path',
      risk: 'medium',
      doc: 'Largest body of a request, or 413; 0 is no limit.',
      example: '8m',
    },
    bufferBytes: {
      key: 'client-body-buffer-size',
      value: byteSize(),
      scope: 'path',
      risk: 'low',
      doc: 'A body up to this size can go to another endpoint when the first one fails.',
      example: '64k',
      deviation:
        'Bodies are kept in memory and never on a disk, 16m of each at most; 64k unless something else is said.',
    },
    buffering: {
      key: 'proxy-request-buffering',
      value: choice(['on', 'off']),
      scope: 'path',
      risk: 'low',
      doc: 'Whether bodies are kept for another endpoint.',
      example: 'off',
      deviation: 'Bodies are passed on as they come either way.',
    },
  },
  meaning: ({ limitBytes, bufferBytes, buffering }, settings) => {
    if (limitBytes === undefined && bufferBytes === undefined && buffering === undefined) return {};
    const keeps = (buffering ?? settings.proxyRequestBuffering) === 'on';
    return {
      route: {
        body: {
          limitBytes: limitBytes ?? settings.proxyBodySizeBytes,
          replayBytes: keeps ? Math.min(bufferBytes ?? settings.clientBodyBufferSizeBytes, mostReplayBytes) : 0,
        },
      },
    };
  },
});

const mostReplayBytes = 16 * 1024 * 1024;

/** Of routes that do not ask for another. */
export function defaultBody(settings: Settings): BodyPolicy {
  const { clientBodyBufferSizeBytes, proxyBodySizeBytes, proxyRequestBuffering } = settings;
  const replayBytes = proxyRequestBuffering === 'on' ? Math.min(clientBodyBufferSizeBytes, mostReplayBytes) : 0;
  return { limitBytes: proxyBodySizeBytes, replayBytes };
}
