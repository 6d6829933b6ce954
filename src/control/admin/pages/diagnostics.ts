import type { AdminPage } from '../page.ts';
import { jsonAnswer } from '../page.ts';

export const diagnostics: AdminPage = {
  path: '/diagnostics',
  doc: 'What is wrong with objects, why, and how to fix it; and the state of every Ingress; as JSON.',
  shareMs: 1_000,
  render: ({ view }) => {
    const compilation = view.compilation();
    return jsonAnswer({
      version: compilation?.snapshot.version ?? 0,
      diagnostics: compilation?.diagnostics ?? [],
      ingresses: compilation?.ingresses ?? [],
      healthChecksIgnored: view.health.ignored(),
    });
  },
};
