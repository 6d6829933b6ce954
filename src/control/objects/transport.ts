import type { FieldReader, Fields } from './field-reader.ts';

/** `protocol` of a port; TCP when it is not given. */
export function readTransport(reader: FieldReader, item: Fields, path: string): string {
  const text = reader.text(item, 'protocol', path) ?? '';
  return text === '' ? 'TCP' : text;
}
