import { accessLogFields } from '../../src/telemetry/access-log.ts';
import { code, heading, tableOf } from './markdown.ts';

/** `docs/access-log.md`. */
export function accessLogPage(): string {
  const rows = Object.entries(accessLogFields).map(([name, { doc }]) => [code(name), doc]);
  return `${heading('Access log', '`src/telemetry/access-log.ts`')}
One line for each exchange, on standard output unless \`--access-log-path\` names a file. With \`--log-format json\` a line
is one JSON object with the fields below, without those that are empty. With \`--log-format nginx\` it is a line as
ingress-nginx writes it by default.

${tableOf(['Field', 'Meaning'], rows)}`;
}
