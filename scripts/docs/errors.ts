import { diagnosticCodes } from '../../src/control/compile/diagnostic-codes.ts';
import { folderCodes } from '../../src/control/sources/directory/folder-codes.ts';
import { operatorCodes } from '../../src/lib/operator-codes.ts';
import type { CodeDefinition } from '../../src/model/diagnostic.ts';
import { failures } from '../../src/proxy/exchange/failure.ts';
import { code, heading, tableOf } from './markdown.ts';

/** `docs/errors.md`. */
export function errorsPage(): string {
  return `${heading('Errors', 'the tables of codes in `src/`')}
## Diagnostics: what is wrong with an object

Each names the object, the field, what is not as written, why, and what to write instead. They are in the log, on the admin
page, at \`/diagnostics\`, in the metric \`fairway_diagnostics\`, and Events on the object. *error*: something that was asked
for is not served. *warning*: it is served differently. *info*: worth knowing.

${codeRows(diagnosticCodes)}
## Diagnostics about folders of manifests

${codeRows(folderCodes)}
## Failures: why a request ended badly

The name stands in the access log (\`failure\`) and in \`fairway_upstream_failures_total\`.

${tableOf(
  ['Failure', 'Status', 'Comes from', 'Goes to another endpoint', 'What to do'],
  Object.entries(failures).map(([name, { status, source, retry, condition, fix }]) => [
    code(name),
    String(status),
    source,
    `${retryWords[retry]}${condition === undefined ? '' : `, with ${code(condition)} in proxy-next-upstream`}`,
    fix,
  ]),
)}
## Errors for operators

They stand in the log with \`code\`, what, why and how to fix it. At the start they end the program with exit code 1, unless
the meaning says otherwise; later it goes on with what it serves.

${tableOf(
  ['Code', 'Meaning'],
  Object.entries(operatorCodes).map(([name, doc]) => [code(name), doc]),
)}`;
}

const retryWords = { yes: 'yes', idempotent: 'when the method may be repeated', no: 'no' };

function codeRows(codes: Readonly<Record<string, CodeDefinition>>): string {
  return tableOf(
    ['Code', 'Severity', 'Meaning'],
    Object.entries(codes).map(([name, { severity, doc }]) => [code(name), severity, doc]),
  );
}
