import type { AdminPage } from '../page.ts';
import { textAnswer } from '../page.ts';
import { unreadyReasons } from '../readiness.ts';

export const readyz: AdminPage = {
  path: '/readyz',
  doc: 'For readiness probes: 200 when all is served, 503 with the reasons until then and from the start of a shutdown.',
  render: ({ view }) => {
    const reasons = unreadyReasons(view);
    return reasons.length === 0 ? textAnswer(200, 'ok') : textAnswer(503, reasons.join('\n'));
  },
};
