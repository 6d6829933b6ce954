import type { AdminPage } from '../page.ts';
import { textAnswer } from '../page.ts';

/** Collects at most once a second, whoever asks how often (fault F-78). */
export const metrics: AdminPage = {
  path: '/metrics',
  doc: 'Metrics of all processes in the text format of Prometheus.',
  shareMs: 1_000,
  render: async ({ view, metricsText }) => {
    if (!view.settings.enableMetrics) return textAnswer(404, 'metrics are off: set --enable-metrics=true');
    return {
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: await metricsText(),
    };
  },
};
