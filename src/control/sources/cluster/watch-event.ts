import { keyOf } from '../../../model/object-ref.ts';
import type { ApiError } from './api-error.ts';
import { statusError } from './api-error.ts';
import type { JsonObject } from './json.ts';
import { isJsonObject, objectAt, parseJson, textAt } from './json.ts';

/** What every object must say of itself before anything else in it is looked at. */
export interface Identity {
  /** `namespace/name`, made once: maps of many thousand objects are slow with keys that are put together each time. */
  readonly key: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** One line of a watch, as far as it can be believed. */
export type WatchEvent =
  | { readonly kind: 'set' | 'delete'; readonly identity: Identity; readonly object: JsonObject }
  /** `initialEventsEnd`: all objects that existed when the watch began have been sent. */
  | { readonly kind: 'bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly kind: 'error'; readonly error: ApiError }
  /** An object that does not say who it is. `resourceVersion` is empty when it does not even say that. */
  | { readonly kind: 'bad-object'; readonly resourceVersion: string };

/**
 * Reads one line of a watch.
 * @returns undefined when the line is not an event at all (cut, garbage, `null`): then something may have been lost
 */
export function readWatchEvent(line: string, namespaced: boolean): WatchEvent | undefined {
  const event = parseJson(line);
  if (!isJsonObject(event)) return undefined;
  const object = objectAt(event, 'object');
  switch (event['type']) {
    case 'ADDED':
    case 'MODIFIED':
      return objectEvent('set', object, namespaced);
    case 'DELETED':
      return objectEvent('delete', object, namespaced);
    case 'BOOKMARK':
      return bookmark(object);
    case 'ERROR':
      return { kind: 'error', error: statusError(0, object) };
    default:
      return typeof event['type'] === 'string' ? { kind: 'bad-object', resourceVersion: '' } : undefined;
  }
}

/** Name, namespace, uid and version of an object, or `undefined` when one of them is missing. */
export function identityOf(object: JsonObject, namespaced: boolean): Identity | undefined {
  const metadata = objectAt(object, 'metadata');
  const namespace = namespaced ? textAt(metadata, 'namespace') : '';
  const name = textAt(metadata, 'name');
  const uid = textAt(metadata, 'uid');
  const resourceVersion = textAt(metadata, 'resourceVersion');
  if (name === '' || uid === '' || resourceVersion === '' || (namespaced && namespace === '')) return undefined;
  return { key: keyOf({ namespace, name }), namespace, name, uid, resourceVersion };
}

function objectEvent(kind: 'set' | 'delete', object: JsonObject, namespaced: boolean): WatchEvent {
  const identity = identityOf(object, namespaced);
  if (identity !== undefined) return { kind, identity, object };
  return { kind: 'bad-object', resourceVersion: textAt(objectAt(object, 'metadata'), 'resourceVersion') };
}

function bookmark(object: JsonObject): WatchEvent {
  const metadata = objectAt(object, 'metadata');
  return {
    kind: 'bookmark',
    resourceVersion: textAt(metadata, 'resourceVersion'),
    initialEventsEnd: textAt(objectAt(metadata, 'annotations'), 'k8s.io/initial-events-end') === 'true',
  };
}
