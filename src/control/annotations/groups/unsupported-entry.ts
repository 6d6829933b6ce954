/**
 * Annotations of ingress-nginx that Fairway knows and does not act on. Together with the groups beside this file they
 * are all 138 names.
 *
 * `guard`: keeps requests out, so the routes are closed instead of left open (threats R-11). `snippet`: never.
 * `missing`: served without it. `modifier`: means something only beside one of `of`. `meaningless`: nothing is lost.
 */
export type UnsupportedKind = 'guard' | 'snippet' | 'missing' | 'modifier' | 'meaningless';

export interface UnsupportedAnnotation {
  readonly kind: UnsupportedKind;
  /** One clause. */
  readonly why: string;
  /** One sentence. */
  readonly fix: string;
  /** For `modifier`: the annotations that it belongs to. */
  readonly of?: readonly string[];
  /** Values that ask for what Fairway does anyway. @param paths  of the Ingress, as written */
  readonly harmless?: (value: string, paths: readonly string[]) => boolean;
}

/** Annotations that share everything but their names. */
export interface UnsupportedEntry extends UnsupportedAnnotation {
  /** Separated by white space. */
  readonly keys: string;
}

/** Booleans as `value-kind.ts` reads them. */
export const isFalse = (value: string): boolean => /^(0|f|F|FALSE|false|False)$/.test(value);
/** See `isFalse`. */
export const isTrue = (value: string): boolean => /^(1|t|T|TRUE|true|True)$/.test(value);
/** Switches of nginx. */
export const isOff = (value: string): boolean => value === 'off';
/** 0 is no limit. */
export const isZero = (value: string): boolean => /^\+?0+$/.test(value);

/** Way out for what keeps requests out. */
export const protectBackend =
  'Let the backend check it and remove the annotation, or keep this Ingress with a controller that does.';
/** Way out for what is not there yet. */
export const wait = 'Remove the annotation, or keep this Ingress with a controller that does it.';
/** Way out for what loses nothing. */
export const remove = 'Remove the annotation when no other controller reads it.';
