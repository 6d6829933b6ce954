import { defaultSettings } from '../../src/settings/table-access.ts';
import type { MetricDefinition } from '../../src/telemetry/metrics.ts';
import { metricsTable } from '../../src/telemetry/metrics.ts';
import { code, heading, tableOf } from './markdown.ts';

/** `docs/metrics.md`. */
export function metricsPage(): string {
  const rows = Object.entries(metricsTable);
  const compatible = rows.filter(([name]) => name.startsWith('nginx_ingress_controller_'));
  const own = rows.filter(([name]) => !name.startsWith('nginx_ingress_controller_'));
  return `${heading('Metrics', '`src/telemetry/metrics.ts`')}
\`/metrics\` of the admin listener (\`--healthz-port\`) has the metrics of all processes in the classic text format of
Prometheus. Counts of data workers are added up when somebody asks, at most once a second; totals of a worker that is gone
stay, except what it counted after the last scrape. Series of an Ingress that is gone are no longer shown.

## With the names of ingress-nginx

Dashboards and alerts made for ingress-nginx work unchanged. All of these also carry \`controller_class\`,
\`controller_namespace\` and \`controller_pod\`. The \`namespace\` of a request is that of its Ingress: leave
\`honorLabels\` of the ServiceMonitor unset, so that Prometheus calls it \`exported_namespace\`, as those dashboards expect.

${metricRows(compatible)}
## Fairway's own

${metricRows(own)}`;
}

function metricRows(rows: readonly (readonly [string, MetricDefinition])[]): string {
  return tableOf(
    ['Name', 'Kind', 'Labels', 'Meaning'],
    rows.map(([name, definition]) => [
      code(name),
      definition.kind,
      definition.labels.map((label) => code(label)).join(' '),
      `${definition.help}${bucketsOf(definition)}`,
    ]),
  );
}

function bucketsOf({ buckets }: MetricDefinition): string {
  return buckets === undefined ? '' : ` Buckets: ${defaultSettings()[buckets].join(' ')}.`;
}
