/**
 * The dependency rule as one page of data; `imports.test.ts` checks it. A file may import from its own folder, from the
 * shared row, and from groups left of its own in its own row.
 */

/** Folders that every process may use, in order. */
export const sharedRow: readonly (readonly string[])[] = [['model'], ['lib'], ['settings', 'telemetry']];

/** Folders and files of each process, left to right. A group's members do not import each other. */
export const processRows: Readonly<Record<string, readonly (readonly string[])[]>> = {
  supervisor: [
    ['supervisor/port-holder.ts', 'supervisor/restarts.ts', 'supervisor/watchdog.ts'],
    ['supervisor/sockets.ts', 'supervisor/children.ts', 'supervisor/drain.ts'],
    ['supervisor/socket-sharing.ts'],
    ['supervisor/listeners.ts', 'supervisor/workers.ts'],
    ['supervisor'],
  ],
  control: [
    ['control/certificates'],
    ['control/objects'],
    ['control/annotations'],
    ['control/compile', 'control/sources'],
    ['control/health', 'control/status'],
    ['control/admin'],
    ['control/hold-off.ts', 'control/publisher.ts', 'control/findings.ts', 'control/ignored-checks.ts'],
    ['control/controller.ts'],
    ['control/control.ts'],
  ],
  proxy: [
    ['proxy/upstreams', 'proxy/routing'],
    ['proxy/balancing', 'proxy/exchange'],
    ['proxy/filters', 'proxy/protocols'],
    ['proxy/runtime'],
    ['proxy/listeners'],
    ['proxy/engines'],
    ['proxy/mirroring'],
    ['proxy/worker'],
    ['proxy/worker.ts'],
  ],
};

/** Packages, and the only files that may import them. A trailing slash is a folder; `type` allows `import type` there. */
export const packages: Readonly<
  Record<string, { readonly value: readonly string[]; readonly type: readonly string[] }>
> = {
  '@kubernetes/client-node': { value: ['control/sources/', 'control/status/'], type: ['control/'] },
  'http-proxy': { value: ['proxy/engines/'], type: ['proxy/engines/'] },
  pino: { value: ['lib/logger.ts', 'lib/log-destination.ts'], type: ['lib/'] },
  'prom-client': { value: ['control/admin/exposition.ts'], type: ['control/admin/'] },
  'node-forge': { value: ['control/certificates/'], type: ['control/certificates/'] },
};

/** Folders that import no `node:` module and no package. */
export const pureFolders: readonly string[] = [
  'model',
  'control/annotations',
  'control/compile',
  'proxy/routing',
  'proxy/balancing',
  'proxy/exchange',
];

/** The only files that may start processes. */
export const processStarters: readonly string[] = ['supervisor/children.ts'];

/** Less than this many files means that the test looks at the wrong place. */
export const leastFiles = 40;
