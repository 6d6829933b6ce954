import type { Certificate } from '../../../model/certificate.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import type { Html } from '../html.ts';
import { html } from '../html.ts';
import { cell, shortCell, table, tag } from './index-table.ts';
import { showDuration, showMoment } from './show-time.ts';

/** Certificates that end within this time are marked: cert-manager renews a month before the end. */
const soonMs = 14 * 86_400_000;

/** Certificates, soonest end first. Never a key. @param now  wall clock */
export function certificatesTable(snapshot: Snapshot, filter: string, now: number): Html {
  return table<Certificate>(
    {
      title: 'Certificates',
      columns: ['Names', 'From', 'Issuer', 'Key', 'Ends'],
      rows: [...snapshot.certificates.values()].toSorted((a, b) => a.notAfter - b.notAfter),
      text: ({ names, source, issuer }) => `${names.join(' ')} ${source} ${issuer}`,
      cells: (certificate) => [
        cell(certificate.names.join(', ')),
        cell(certificate.source === 'default' ? 'default, self-signed' : certificate.source),
        cell(certificate.issuer),
        shortCell(certificate.keyAlgorithm),
        shortCell(endOf(certificate, now)),
      ],
      none: 'No certificate.',
    },
    filter,
  );
}

function endOf({ notAfter }: Certificate, now: number): Html {
  const left = notAfter * 1000 - now;
  const distance = showDuration(left);
  const mark = left < 0 ? tag('bad', `ended ${distance} ago`) : tag(left < soonMs ? 'warn' : 'good', `in ${distance}`);
  return html`${mark} <span class="soft">${showMoment(notAfter * 1000)}</span>`;
}
