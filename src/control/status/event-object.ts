import { createHash } from 'node:crypto';

import type { Diagnostic } from '../../model/diagnostic.ts';
import { describeDiagnostic } from '../../model/diagnostic.ts';
import type { Kind } from '../../model/object-ref.ts';
import { describeRef } from '../../model/object-ref.ts';
import type { CompileCode } from '../compile/diagnostic-codes.ts';
import type { ObjectView } from '../objects/object-store.ts';
import type { JsonObject } from '../sources/cluster/json.ts';
import { resources } from '../sources/cluster/resources.ts';

/** Who speaks. */
export interface EventReporter {
  /** A qualified name, for example `fairway.dev/ingress-controller`. */
  readonly controller: string;
  /** Name of the pod. */
  readonly instance: string;
}

/** One Event that is to be there: about one diagnostic of one version-independent object. */
export interface WantedEvent {
  /**
   * Follows from the object and what is said, so that every leader gives the same Event the same name: a second one
   * finds it there instead of repeating it.
   */
  readonly name: string;
  readonly namespace: string;
  /** Object it is about, for the limit per object. */
  readonly about: string;
  readonly body: JsonObject;
}

const noteLimitBytes = 1024;
const foreignCodes: ReadonlySet<string> = new Set<CompileCode>(['class-absent', 'class-unknown']);

/**
 * The Event for a diagnostic, or `undefined` when its object is none of the cluster.
 * Source: Kubernetes API, events.k8s.io/v1 Event; limits of pkg/apis/core/validation/events.go.
 */
export function eventOf(
  diagnostic: Diagnostic,
  objects: Pick<ObjectView, 'get'>,
  reporter: EventReporter,
): WantedEvent | undefined {
  const { kind, namespace, name } = diagnostic.object;
  // An Ingress of a class that is not ours belongs to somebody else, and is none of our business to comment.
  if (kind === 'File' || foreignCodes.has(diagnostic.code)) return undefined;
  const uid = objects.get(kind, namespace, name)?.uid ?? '';
  const note = shortened(`${prefixOf(diagnostic)}${describeDiagnostic(diagnostic)}`);
  const reason = reasonOf(diagnostic.code);
  const digest = createHash('sha256').update([kind, uid, reason, diagnostic.field, note].join('\n')).digest('hex');
  // Events about cluster-scoped objects live in the namespace `default`.
  const home = namespace === '' ? 'default' : namespace;
  const eventName = `${name.slice(0, 200)}.${digest.slice(0, 16)}`;
  return {
    name: eventName,
    namespace: home,
    about: describeRef(diagnostic.object),
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: eventName, namespace: home },
      reportingController: reporter.controller,
      reportingInstance: reporter.instance.slice(0, 128),
      action: 'Configure',
      reason,
      type: diagnostic.severity === 'info' ? 'Normal' : 'Warning',
      regarding: regarding(kind, namespace, name, uid),
      note,
    },
  };
}

/** `kubectl describe` looks for Events by the uid of the object, so it must be there when it is known. */
function regarding(kind: Kind, namespace: string, name: string, uid: string): JsonObject {
  return {
    apiVersion: resources[kind].apiVersion,
    kind,
    name,
    ...(namespace === '' ? {} : { namespace }),
    ...(uid === '' ? {} : { uid }),
  };
}

/** `backend-not-found` to `BackendNotFound`, as reasons are written. */
export function reasonOf(code: string): string {
  return code
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
    .slice(0, 128);
}

/** The field, unless the sentence names it already. */
function prefixOf({ field, what }: Diagnostic): string {
  return field === '' || what.includes(field) ? '' : `${field}: `;
}

/** At most 1 KiB of UTF-8, cut between characters. */
function shortened(text: string): string {
  if (Buffer.byteLength(text) <= noteLimitBytes) return text;
  const cut = Buffer.from(text)
    .subarray(0, noteLimitBytes - 3)
    .toString('utf8');
  return `${cut.replace(/\ufffd$/, '')}…`;
}
