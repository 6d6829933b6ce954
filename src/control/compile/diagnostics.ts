import type { Diagnostic, Severity } from '../../model/diagnostic.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { describeRef } from '../../model/object-ref.ts';
import type { CompileCode } from './diagnostic-codes.ts';
import { compileCodes } from './diagnostic-codes.ts';

/** What is wrong, in words; where it is wrong is said by `diagnose`. */
export interface Problem {
  readonly code: CompileCode;
  /** The one of the code, if absent. */
  readonly severity?: Severity;
  /** Clauses without a full stop; `fix` is a sentence. */
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** @param field  path inside the object, empty for the whole */
export function diagnose(object: ObjectRef, field: string, problem: Problem): Diagnostic {
  const { code, what, why, fix } = problem;
  return { code, severity: problem.severity ?? compileCodes[code].severity, object, field, what, why, fix };
}

/** More diagnostics of one object than this are counted, not listed: one object must not flood logs and Events. */
const limitPerObject = 64;

/**
 * All diagnostics in the order of the steps that found them, each once, and bounded for each object. Pods behind two
 * upstreams are found twice.
 */
export function boundDiagnostics(all: readonly Diagnostic[]): readonly Diagnostic[] {
  const diagnostics = withoutRepeats(all);
  if (diagnostics.length <= limitPerObject) return diagnostics;
  const counts = new Map<string, number>();
  const listed = diagnostics.filter(({ object }) => {
    const key = describeRef(object);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= limitPerObject;
  });
  if (listed.length === diagnostics.length) return diagnostics;
  const objects = new Map(listed.map(({ object }) => [describeRef(object), object]));
  const more = [...objects].filter(([key]) => (counts.get(key) ?? 0) > limitPerObject);
  return [...listed, ...more.map(([key, object]) => moreOf(object, (counts.get(key) ?? 0) - limitPerObject))];
}

function withoutRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const pods = diagnostics.filter(({ object }) => object.kind === 'Pod');
  if (pods.length < 2) return diagnostics;
  const seen = new Set<string>();
  return diagnostics.filter(({ object, code, field, why }) => {
    if (object.kind !== 'Pod') return true;
    const key = [describeRef(object), code, field, why].join('\n');
    return !seen.has(key) && seen.add(key).has(key);
  });
}

function moreOf(object: ObjectRef, count: number): Diagnostic {
  return diagnose(object, '', {
    code: 'more-diagnostics',
    what: `${describeRef(object)} has more diagnostics`,
    why: `${count} are not listed one by one`,
    fix: 'Mend those that are listed first.',
  });
}
