import type { ObjectRef } from './object-ref.ts';

/** How bad: `error` means that something the user asked for is not served; `warning` that it is served differently. */
export type Severity = 'error' | 'warning' | 'info';

/** What a code of diagnostics means, for `docs/errors.md`. */
export interface CodeDefinition {
  /** As usual; the diagnostic itself decides. */
  readonly severity: Severity;
  readonly doc: string;
}

/** A mistake in what a user wrote, as data: collected, never thrown. */
export interface Diagnostic {
  /** Stable kebab-case name, documented in `docs/errors.md`. */
  readonly code: string;
  readonly severity: Severity;
  readonly object: ObjectRef;
  /** Path inside the object, for example `spec.rules[0].http.paths[1].backend`, or an annotation's full name. */
  readonly field: string;
  /** What is not as written, one clause. */
  readonly what: string;
  /** Why, one clause. */
  readonly why: string;
  /** What to write instead, one sentence. */
  readonly fix: string;
}

/** One line for logs and Events: *what*: *why*. *fix* */
export function describeDiagnostic(diagnostic: Diagnostic): string {
  return `${diagnostic.what}: ${diagnostic.why}. ${diagnostic.fix}`;
}
