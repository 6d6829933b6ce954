import { checkPair } from '../certificates/check.ts';
import type { FieldReader, Fields } from './field-reader.ts';
import type { Metadata, Secret, TlsMaterial } from './kinds.ts';

const tlsType = 'kubernetes.io/tls';

/**
 * v1 Secret of type kubernetes.io/tls. Its certificate is checked here, once for each version of the object. No message
 * holds a value of a Secret.
 * @returns undefined for Secrets of other types, which are not kept
 */
export function readSecret(reader: FieldReader, metadata: Metadata, object: Fields): Secret | undefined {
  const type = reader.text(object, 'type', '') ?? 'Opaque';
  if (type !== tlsType) {
    reportOtherType(reader, object);
    return undefined;
  }
  return { kind: 'Secret', ...metadata, type, tls: readMaterial(reader, object) };
}

function readMaterial(reader: FieldReader, object: Fields): TlsMaterial {
  const chain = readValue(reader, object, 'tls.crt');
  const key = readValue(reader, object, 'tls.key');
  if (chain === undefined || key === undefined) {
    const name = chain === undefined ? 'tls.crt' : 'tls.key';
    return {
      kind: 'invalid',
      why: `\`${name}\` is missing or not base64`,
      fix: 'Create the Secret with "kubectl create secret tls NAME --cert=tls.crt --key=tls.key".',
    };
  }
  const check = checkPair(`${reader.ref.namespace}/${reader.ref.name}`, chain, key);
  if (check.kind === 'invalid') return check;
  for (const remark of check.remarks) {
    reader.report('data["tls.crt"]', {
      code: 'certificate-chain-repaired',
      effect: 'is served in another form than it is stored',
      ...remark,
    });
  }
  return { kind: 'certificate', certificate: check.certificate };
}

/** `stringData` wins over `data`, as in the API server; it exists in files only. */
function readValue(reader: FieldReader, object: Fields, key: string): string | undefined {
  const plain = reader.fields(object, 'stringData', '');
  if (plain !== undefined && Object.hasOwn(plain, key)) return reader.text(plain, key, 'stringData');
  const data = reader.fields(object, 'data', '');
  if (data === undefined || !Object.hasOwn(data, key)) return undefined;
  const base64 = reader.text(data, key, 'data')?.replaceAll(/\s+/g, '');
  // Buffer.from would skip what is not base64 and give some other text.
  if (base64 === undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, 'base64').toString('utf8');
}

/** Somebody who stores a certificate in an Opaque Secret should hear of it; other Secrets are nobody's business. */
function reportOtherType(reader: FieldReader, object: Fields): void {
  const holdsCertificate = [object['data'], object['stringData']].some(
    (values) =>
      typeof values === 'object' &&
      values !== null &&
      Object.hasOwn(values, 'tls.crt') &&
      Object.hasOwn(values, 'tls.key'),
  );
  if (!holdsCertificate) return;
  reader.report('type', {
    code: 'secret-type-not-read',
    effect: 'is not read',
    why: `it holds a certificate but is not of type ${tlsType}`,
    fix: `Write type: ${tlsType}. The type of a Secret cannot be changed: delete it and create it again.`,
  });
}
