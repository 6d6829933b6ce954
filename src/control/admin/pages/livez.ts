import type { AdminPage } from '../page.ts';
import { textAnswer } from '../page.ts';

/** That there is an answer is the answer: a control process that hangs gives none. Never depends on the drain. */
export const livez: AdminPage = {
  path: '/livez',
  doc: 'For liveness probes: 200 while the control process works.',
  render: () => textAnswer(200, 'ok'),
};
