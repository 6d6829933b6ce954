import type { Certificate } from '../../model/certificate.ts';
import type { Problem } from './diagnostics.ts';

const daySeconds = 86_400;
const hourSeconds = 3_600;

/**
 * Whether the dates of a certificate are wrong, or will be soon. Whoever renews certificates does so when a third of
 * their lifetime is left, so that a limit counts only where it is shorter than that: a certificate for 90 days is late
 * with 7 days left, one for 6 days with 1.
 * @param nowSeconds  Unix time
 */
export function validityProblem(certificate: Certificate, nowSeconds: number): Problem | undefined {
  const left = certificate.notAfter - nowSeconds;
  const what = `the certificate in Secret \`${certificate.source}\``;
  const renew = 'Renew the certificate; with cert-manager, look at its Certificate object.';
  if (left <= 0) {
    return { code: 'certificate-expired', what: `${what} has expired`, why: 'clients refuse it', fix: renew };
  }
  // The time is cut to whole hours: a certificate made a minute ago is no mistake.
  if (nowSeconds + hourSeconds < certificate.notBefore) {
    const fix = 'Wait, or compare the clocks of the machines.';
    return { code: 'certificate-not-yet-valid', what: `${what} is not valid yet`, why: 'it begins later', fix };
  }
  const lifetime = certificate.notAfter - certificate.notBefore;
  const days = [1, 7, 30].find((limit) => left < limit * daySeconds && limit * daySeconds < lifetime / 3);
  if (days === undefined) return undefined;
  return {
    code: 'certificate-expires-soon',
    severity: days === 30 ? 'info' : 'warning',
    what: `${what} expires soon`,
    why: days === 1 ? 'less than a day is left' : `less than ${days} days are left`,
    fix: renew,
  };
}
