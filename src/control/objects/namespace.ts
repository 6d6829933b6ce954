import type { Metadata, Namespace } from './kinds.ts';

/** v1 Namespace: its labels are all that counts. */
export function readNamespace(metadata: Metadata): Namespace {
  return { kind: 'Namespace', ...metadata };
}
