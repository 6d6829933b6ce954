import type { Diagnostic } from '../../model/diagnostic.ts';
import type { ObjectRef } from '../../model/object-ref.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { Settings } from '../../settings/settings.ts';
import { quoted } from '../objects/field-reader.ts';
import type { Ingress, IngressClass } from '../objects/kinds.ts';
import { diagnose } from './diagnostics.ts';
import { inAgeOrder } from './precedence.ts';

/** The annotation that named the class before spec.ingressClassName existed. */
const legacyAnnotation = 'kubernetes.io/ingress.class';

/** Classes that a message names. */
const mostNames = 5;

export interface OwnIngresses {
  /** Oldest first, which is the order of precedence. */
  readonly ours: readonly Ingress[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Which Ingresses are ours. Those of another controller's class are none of our business and stay unsaid.
 * Source: Kubernetes Ingress API, `ingressClassName`; ingress-nginx flags of the same names.
 */
export function selectIngresses(
  ingresses: readonly Ingress[],
  classes: readonly IngressClass[],
  settings: Settings,
): OwnIngresses {
  const byName = new Map(classes.map((one) => [one.name, one]));
  const defaults = newestFirst(classes.filter((one) => one.isDefault));
  const diagnostics = defaults.length > 1 ? [severalDefaults(defaults)] : [];
  const takesClassless = settings.watchIngressWithoutClass || defaults[0]?.controller === settings.controllerClass;
  const ours = ingresses.filter((ingress) => {
    const name = classNameOf(ingress);
    if (name === undefined) {
      if (!takesClassless) diagnostics.push(...(defaults.length === 0 ? [classAbsent(ingress, settings)] : []));
      return takesClassless;
    }
    if (isOurs(name, byName, settings, ingress.className === undefined)) return true;
    // The annotation needs no IngressClass: other controllers, GKE's for one, have none.
    if (!byName.has(name) && ingress.className !== undefined)
      diagnostics.push(classUnknown(ingress, name, classes, settings));
    return false;
  });
  return { ours: inAgeOrder(ours), diagnostics };
}

/**
 * Diagnostics of decoding without those about Ingresses of other controllers: what those make of a path or an annotation
 * is their business. An Ingress that could not be read at all may be ours, and stays in.
 */
export function withoutForeign(
  diagnostics: readonly Diagnostic[],
  ingresses: readonly Ingress[],
  ours: readonly Ingress[],
): readonly Diagnostic[] {
  if (diagnostics.length === 0 || ours.length === ingresses.length) return diagnostics;
  const own = new Set(ours);
  const foreign = new Set(ingresses.filter((ingress) => !own.has(ingress)).map(keyOf));
  return diagnostics.filter(({ object }) => object.kind !== 'Ingress' || !foreign.has(keyOf(object)));
}

/** The field comes first; an empty legacy annotation is the same as none. */
function classNameOf(ingress: Ingress): string | undefined {
  const name = ingress.className ?? ingress.annotations[legacyAnnotation] ?? '';
  return name === '' ? undefined : name;
}

/** @param legacy  the name comes from the annotation, which needs no IngressClass */
function isOurs(
  name: string,
  classes: ReadonlyMap<string, IngressClass>,
  settings: Settings,
  legacy: boolean,
): boolean {
  if (classes.get(name)?.controller === settings.controllerClass) return true;
  return name === settings.ingressClass && (legacy || settings.ingressClassByName);
}

/** As the API server chooses among several. */
function newestFirst(classes: readonly IngressClass[]): readonly IngressClass[] {
  return classes.toSorted((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1));
}

function refOf(ingress: Ingress): ObjectRef {
  return { kind: 'Ingress', namespace: ingress.namespace, name: ingress.name };
}

function classAbsent(ingress: Ingress, settings: Settings): Diagnostic {
  return diagnose(refOf(ingress), 'spec.ingressClassName', {
    code: 'class-absent',
    what: `Ingress \`${ingress.namespace}/${ingress.name}\` is not served by Fairway`,
    why: 'it names no class, and no IngressClass is marked as default',
    fix: `Write ingressClassName: ${settings.ingressClass}, mark a class as default, or start Fairway with --watch-ingress-without-class.`,
  });
}

function classUnknown(
  ingress: Ingress,
  name: string,
  classes: readonly IngressClass[],
  settings: Settings,
): Diagnostic {
  return diagnose(refOf(ingress), 'spec.ingressClassName', {
    code: 'class-unknown',
    what: `Ingress \`${ingress.namespace}/${ingress.name}\` is not served by Fairway`,
    why: `there is no IngressClass ${quoted(name)}`,
    fix:
      name === settings.ingressClass
        ? `Create the IngressClass with controller ${settings.controllerClass}, or start Fairway with --ingress-class-by-name.`
        : `Write the name of an IngressClass that exists${namesOf(classes)}.`,
  });
}

/** Names of classes that exist, for a message; a few are enough. */
function namesOf(classes: readonly IngressClass[]): string {
  const names = classes.map((one) => one.name).sort();
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  return names.length === 0 ? '; there is none' : `: ${names.slice(0, mostNames).join(', ')}${more}`;
}

function severalDefaults(classes: readonly IngressClass[]): Diagnostic {
  const [newest] = classes;
  return diagnose({ kind: 'IngressClass', namespace: '', name: newest?.name ?? '' }, 'metadata.annotations', {
    code: 'several-default-classes',
    what: 'more than one IngressClass is marked as default',
    why: `${classes.map((one) => one.name).join(', ')} all are; the newest of them counts`,
    fix: 'Take the annotation ingressclass.kubernetes.io/is-default-class off all but one.',
  });
}
