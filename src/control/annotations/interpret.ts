import { closest } from '../../lib/suggest.ts';
import type { Diagnostic, Severity } from '../../model/diagnostic.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import type { Settings } from '../../settings/settings.ts';
import { quoted } from '../objects/field-reader.ts';
import type { Ingress } from '../objects/kinds.ts';
import type { AnnotationCode } from './annotation-codes.ts';
import { annotationCodes } from './annotation-codes.ts';
import type { AnnotationDefinition, Meaning, MeaningProblem } from './definition.ts';
import { formerNames } from './former-names.ts';
import { canary } from './groups/canary.ts';
import type { UnsupportedAnnotation } from './groups/unsupported-entry.ts';
import { isTrue } from './groups/unsupported-entry.ts';
import { unsupportedAnnotations } from './groups/unsupported.ts';
import { guardingDirective } from './snippet-guards.ts';
import { annotationGroups, definitionsByKey, knownKeys, ownPrefix } from './table.ts';
import { valueLimit } from './value-kind.ts';
import type { WrittenAnnotation } from './written.ts';
import { writtenAnnotations } from './written.ts';

/** What the annotations of one Ingress come to. */
export interface Interpretation {
  readonly meaning: Meaning;
  /** Full name of the annotation because of which every route of the Ingress answers 503; empty when there is none. */
  readonly closedBy: string;
  /** Its paths are meant as patterns, which are not there yet. */
  readonly patterns: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** Interpretation of Ingresses without annotations of ours, which are most. */
const withoutAnnotations = new WeakMap<Settings, Interpretation>();

/**
 * Text to values to meaning, or diagnostics. Pure; the cache changes only speed.
 * @param settings  effective ones: they give the prefix and the defaults
 */
export function interpretAnnotations(ingress: Ingress, settings: Settings): Interpretation {
  const written = writtenAnnotations(ingress, settings.annotationsPrefix);
  if (written.length === 0) {
    const known = withoutAnnotations.get(settings) ?? new Interpreter(ingress, written, settings).result();
    withoutAnnotations.set(settings, known);
    return known;
  }
  return new Interpreter(ingress, written, settings).result();
}

/** A suggestion is dear: so many unknown names of one object get one. */
const suggestionLimit = 8;

/** Either makes patterns of the paths. Source: ingress-nginx, `enforceRegexModifier`. */
const patternKeys: readonly string[] = ['use-regex', 'rewrite-target'];

/** One run over the annotations of one Ingress; gathers values and diagnostics. */
class Interpreter {
  readonly #ingress: Ingress;
  readonly #ref: ObjectRef;
  readonly #written: ReadonlyMap<string, WrittenAnnotation>;
  readonly #settings: Settings;
  readonly #isCanary: boolean;
  readonly #values = new Map<string, unknown>();
  readonly #diagnostics: Diagnostic[] = [];
  #closedBy = '';
  #unknown = 0;
  /** Keys that were left out. */
  readonly #left = new Set<string>();

  constructor(ingress: Ingress, written: readonly WrittenAnnotation[], settings: Settings) {
    this.#ingress = ingress;
    this.#ref = { kind: 'Ingress', namespace: ingress.namespace, name: ingress.name };
    this.#written = new Map(written.map((annotation) => [annotation.key, annotation]));
    this.#settings = settings;
    this.#isCanary = isTrue(this.#written.get('canary')?.text ?? '');
  }

  result(): Interpretation {
    for (const annotation of this.#written.values()) this.#read(annotation);
    const parts = annotationGroups.map((group) => this.#judged(group.meaning(this.#values, this.#settings)));
    // Several groups speak of the route, and of the upstream.
    const route: Meaning['route'] = Object.assign({}, ...parts.map((part) => part.route));
    const upstream: Meaning['upstream'] = Object.assign({}, ...parts.map((part) => part.upstream));
    const meaning: Meaning = Object.assign({}, ...parts, { route, upstream });
    return {
      meaning,
      closedBy: this.#closedBy,
      patterns: patternKeys.some((key) => this.#left.has(key)),
      diagnostics: this.#diagnostics,
    };
  }

  #read(annotation: WrittenAnnotation): void {
    if (annotation.shadowed !== undefined) {
      const why = `${annotation.shadowed} stands there as well, and ${ownPrefix} comes first`;
      this.#report('annotation-twice', annotation, 'counts alone', why, `Remove ${annotation.shadowed}.`);
    }
    const definition = definitionsByKey.get(annotation.key);
    if (definition?.own === true && !annotation.name.startsWith(`${ownPrefix}/`)) return this.#readForeign(annotation);
    const unsupported = unsupportedAnnotations.get(annotation.key);
    if (this.#isCanary && (definition ?? unsupported) !== undefined && !countsOnCanary(definition))
      return this.#readOnCanary(annotation);
    if (definition !== undefined) return this.#readValue(annotation, definition);
    if (unsupported !== undefined) return this.#readUnsupported(annotation, unsupported);
    return this.#readUnknown(annotation);
  }

  #readValue(annotation: WrittenAnnotation, definition: AnnotationDefinition<unknown>): void {
    const { value } = definition;
    const unfit = unfitReason(annotation.text);
    const result = unfit === undefined ? value.parse(annotation.text) : ({ ok: false, why: unfit } as const);
    if (result.ok) this.#values.set(definition.key, result.value);
    else this.#report('annotation-invalid', annotation, 'is ignored', result.why, `Write ${value.describe}.`);
  }

  /** Left to the Ingress whose requests the canary takes, whatever it says. */
  #readOnCanary(annotation: WrittenAnnotation): void {
    const why = 'it stands on a canary Ingress, and the Ingress whose requests the canary takes decides';
    this.#report('annotation-on-canary', annotation, 'does not count', why, 'Write it there.');
  }

  /** Fairway's own annotation under the prefix of ingress-nginx, which has none of this name. */
  #readForeign(annotation: WrittenAnnotation): void {
    const why = `it is Fairway's own, and ingress-nginx has none of this name`;
    this.#report('annotation-unknown', annotation, 'is ignored', why, `Write ${ownPrefix}/${annotation.key}.`);
  }

  #readUnsupported(annotation: WrittenAnnotation, { kind, why, fix, of, harmless }: UnsupportedAnnotation): void {
    if (harmless?.(annotation.text, pathsOf(this.#ingress)) === true) return;
    switch (kind) {
      case 'guard':
        return this.#close('guard-not-supported', annotation, why, fix);
      case 'snippet':
        return this.#readSnippet(annotation, why, fix);
      case 'missing':
        this.#left.add(annotation.key);
        return this.#report('annotation-not-supported', annotation, 'is left out', why, fix);
      case 'meaningless':
        return this.#report('annotation-without-effect', annotation, 'has no effect', why, fix);
      case 'modifier':
        // Beside what it belongs to it needs no words of its own.
        if (of?.some((key) => this.#written.has(key)) === true) return undefined;
        return this.#report('annotation-without-effect', annotation, 'has no effect', why, fix);
    }
  }

  #readSnippet(annotation: WrittenAnnotation, why: string, fix: string): void {
    const directive = guardingDirective(annotation.text);
    if (directive === undefined) return this.#report('snippet-refused', annotation, 'is left out', why, fix);
    const because = `it keeps requests out with ${quoted(directive)}, and ${why}`;
    return this.#close('snippet-closes', annotation, because, fix);
  }

  #readUnknown(annotation: WrittenAnnotation): void {
    const hint = formerNames.get(annotation.key);
    this.#unknown += 1;
    const near =
      hint === undefined && this.#unknown <= suggestionLimit ? closest(annotation.key, knownKeys) : undefined;
    const why =
      near === undefined
        ? 'there is no annotation of this name'
        : `there is no annotation of this name; did you mean ${near}`;
    this.#report(
      'annotation-unknown',
      annotation,
      'is ignored',
      why,
      hint ?? 'Correct the name, or remove the annotation.',
    );
  }

  #judged({ problems, ...meaning }: Meaning): Meaning {
    for (const problem of problems ?? []) this.#judge(problem);
    return meaning;
  }

  #judge({ key, why, fix, outcome }: MeaningProblem): void {
    const annotation = this.#written.get(key);
    if (annotation === undefined) return;
    if (outcome === 'closes') this.#close('backend-protocol-not-served', annotation, why, fix);
    else if (outcome === 'invalid') this.#report('annotation-invalid', annotation, 'is ignored', why, fix);
    else this.#report('annotation-without-effect', annotation, 'has no effect', why, fix);
  }

  #close(code: AnnotationCode, annotation: WrittenAnnotation, why: string, fix: string): void {
    if (this.#closedBy === '') this.#closedBy = annotation.name;
    this.#report(code, annotation, 'closes every path, with 503', why, fix);
  }

  #report(code: AnnotationCode, annotation: WrittenAnnotation, effect: string, why: string, fix: string): void {
    this.#diagnostics.push({ ...this.#diagnostic(code, annotation, effect, why), fix });
  }

  #diagnostic(code: AnnotationCode, { name }: WrittenAnnotation, effect: string, why: string): Diagnostic {
    const severity: Severity = annotationCodes[code].severity;
    const what = `\`${name}\` of \`${this.#ingress.namespace}/${this.#ingress.name}\` ${effect}`;
    return { code, severity, object: this.#ref, field: `metadata.annotations[${name}]`, what, why, fix: '' };
  }
}

/** What acts on the upstream acts on that of the canary; how it is spoken to is said by the rule. Source: ingress-nginx. */
function countsOnCanary(definition: AnnotationDefinition<unknown> | undefined): boolean {
  if (definition === undefined) return false;
  if (definition.scope === 'upstream') return definition.key !== 'backend-protocol';
  return canary.definitions.includes(definition);
}

/** Rules of threats R-4 that every value obeys, whatever its kind. */
function unfitReason(text: string): string | undefined {
  if (text.length > valueLimit) return `it is ${text.length} characters long, and ${valueLimit} is the limit`;
  return /^[\x20-\x7e]*$/.test(text) ? undefined : 'it has characters that are not printable ASCII';
}

function pathsOf(ingress: Ingress): readonly string[] {
  return ingress.rules.flatMap((rule) => rule.paths.map((path) => path.path));
}
