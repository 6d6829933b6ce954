import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from './command.ts';
import type { Manifest } from './kubectl.ts';

export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
  /** SHA-256 of the certificate, as Node.js prints it. */
  readonly fingerprint: string;
}

/**
 * Makes a self-signed certificate.
 * @param validity  `valid` for one day, or over since a year
 */
export async function makeCertificate(host: string, validity: 'valid' | 'expired' = 'valid'): Promise<TestCertificate> {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  const file = (name: string): string => join(folder, name);
  try {
    await run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file('key.pem')]);
    const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
    await run('openssl', ['req', '-new', '-key', file('key.pem'), ...subject, '-out', file('request.pem')]);
    // `openssl req` and `x509` of Debian 12 take no dates in the past; `openssl ca` does.
    await selfSign(
      folder,
      validity === 'valid' ? ['-days', '1'] : ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z'],
    );
    const certificate = await readFile(file('certificate.pem'), 'utf8');
    const key = await readFile(file('key.pem'), 'utf8');
    return { certificate, key, fingerprint: new X509Certificate(certificate).fingerprint256 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function selfSign(folder: string, dates: readonly string[]): Promise<void> {
  const settings = [
    '[ca]\ndefault_ca = this\n[this]\ndatabase = index\nserial = serial\nnew_certs_dir = .\ndefault_md = sha256',
    'policy = any\ncopy_extensions = copy\n[any]\ncommonName = supplied\n',
  ].join('\n');
  const signing =
    'openssl ca -batch -notext -config settings -selfsign -keyfile key.pem -in request.pem -out certificate.pem "$@"';
  await run(
    'bash',
    ['-c', `cd "$0" && cat > settings && touch index && echo 01 > serial && ${signing}`, folder, ...dates],
    {
      input: settings,
    },
  );
}

/** A Secret of type `kubernetes.io/tls`. */
export function tlsSecret(
  namespace: string,
  name: string,
  { certificate, key }: Omit<TestCertificate, 'fingerprint'>,
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificate, 'tls.key': key },
  };
}
