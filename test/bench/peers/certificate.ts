import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CertificateFiles {
  readonly certPath: string;
  readonly keyPath: string;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A self-signed certificate for localhost that all peers use: ECDSA P-256. */
export function makeCertificate(folder: string): CertificateFiles {
  mkdirSync(folder, { recursive: true });
  const keyPath = join(folder, 'tls.key');
  const certPath = join(folder, 'tls.crt');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', certPath], { stdio: 'ignore' });
  return { certPath, keyPath, cert: readFileSync(certPath, 'latin1'), key: readFileSync(keyPath, 'latin1') };
}
