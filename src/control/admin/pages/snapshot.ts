import type { Certificate } from '../../../model/certificate.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { emptySnapshot } from '../../../model/snapshot.ts';
import type { AdminPage } from '../page.ts';
import { jsonAnswer } from '../page.ts';

export const snapshot: AdminPage = {
  path: '/snapshot',
  doc: 'What the data workers serve from: listeners, routes, upstreams, certificates without their keys, as JSON.',
  shareMs: 1_000,
  render: ({ view }) => jsonAnswer(redacted(view.compilation()?.snapshot ?? emptySnapshot)),
};

/** The only form in which a snapshot may be shown. */
export function redacted(snapshot: Snapshot): Snapshot {
  const certificates = new Map([...snapshot.certificates].map(([id, one]) => [id, withoutKey(one)]));
  return { ...snapshot, certificates };
}

function withoutKey(certificate: Certificate): Certificate {
  return { ...certificate, keyPem: '[redacted]' };
}
