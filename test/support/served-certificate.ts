import type { Certificate } from '../../src/model/certificate.ts';
import { certificateId } from '../../src/model/ids.ts';
import { makeCertificate } from './test-certificates.ts';

/** A certificate for one name as a snapshot has it. @param digest  another one stands for another content */
export function servedCertificate(name: string, digest: string = name): Certificate {
  const made = makeCertificate({ commonName: name, names: [name] });
  return {
    id: certificateId(`shop/${name}`, digest),
    chainPem: made.certificate,
    keyPem: made.key,
    source: `shop/${name}`,
    names: [name],
    issuer: `CN=${name}`,
    issuerOrganization: '',
    issuerCommonName: name,
    serialNumber: '01',
    keyAlgorithm: 'EC',
    notBefore: 0,
    notAfter: 4_000_000_000,
  };
}
