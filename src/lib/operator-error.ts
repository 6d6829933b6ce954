/** What an operator must know when the process cannot do its work; the only thrown error that is meant for people. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  /** Stable kebab-case name, documented in `docs/errors.md`. */
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly fix: string;

  constructor(parts: { code: string; what: string; why: string; fix: string; cause?: unknown }) {
    super(`${parts.what}: ${parts.why}. ${parts.fix}`, { cause: parts.cause });
    this.code = parts.code;
    this.what = parts.what;
    this.why = parts.why;
    this.fix = parts.fix;
  }
}
