import type { FieldReader, Fields } from './field-reader.ts';
import { quoted } from './field-reader.ts';
import { isDataKey } from './grammar.ts';
import type { ConfigMap, Metadata } from './kinds.ts';

/** v1 ConfigMap; `binaryData` is not read. */
export function readConfigMap(reader: FieldReader, metadata: Metadata, object: Fields): ConfigMap {
  const entries = reader.entries(object, 'data', '').filter(([key]) => {
    if (isDataKey(key)) return true;
    reader.report(`data[${quoted(key)}]`, {
      why: 'the key is not a valid one',
      fix: 'Write letters, digits, dashes, underscores and dots.',
    });
    return false;
  });
  return { kind: 'ConfigMap', ...metadata, data: Object.fromEntries(entries) };
}
