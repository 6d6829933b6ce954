import type { AdminPage } from '../page.ts';
import { textAnswer } from '../page.ts';
import { drainReason } from '../readiness.ts';

/** Where ingress-nginx's probes look. */
export const healthz: AdminPage = {
  path: '/healthz',
  doc: 'For probes made for ingress-nginx: 200 while the control process works and nothing is shut down.',
  render: ({ view }) => {
    const reason = drainReason(view.state());
    return reason === undefined ? textAnswer(200, 'ok') : textAnswer(503, reason);
  },
};
