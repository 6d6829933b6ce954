import assert from 'node:assert/strict';
import { before } from 'node:test';

import { getObject } from './support/api.ts';
import { makeCertificate, tlsSecret } from './support/certificates.ts';
import { installFairway, servedEverywhere } from './support/fairway.ts';
import { listAt, textAt } from './support/json.ts';
import { apply, deleteNamespace, kubectl, rolledOut } from './support/kubectl.ts';
import type { Manifest } from './support/kubectl.ts';
import { backend, ingress, restrictedNamespace } from './support/manifests.ts';
import { scenario } from './support/scenario.ts';
import { passSeconds, until } from './support/wait.ts';

const namespace = 'mistakes';
const prefix = 'nginx.ingress.kubernetes.io';

/** One typical mistake: what is applied, and the Event that must be on the object that holds the mistake. */
interface Mistake {
  readonly objects: readonly Manifest[];
  readonly on: `${'Ingress' | 'Secret'}/${string}`;
  readonly reason: string;
  /** The whole message: what, why, and what to do. */
  readonly says: string;
}

before(async () => {
  await installFairway();
});

scenario('each of eleven typical mistakes gets an Event on the right object', 120, async (context) => {
  const mistakes = await typicalMistakes();
  await apply(restrictedNamespace(namespace), ...backend({ namespace, name: 'shop' }));
  await rolledOut(namespace, 'shop');
  await apply(ingress({ namespace, name: 'correct', host: 'correct.test', service: 'shop' }));
  await servedEverywhere('correct.test');
  // Ages are whole seconds, and the older one of two Ingresses wins.
  await passSeconds(1);
  const started = Date.now();
  await apply(...mistakes.flatMap(({ objects }) => objects));

  const wanted = mistakes.map((mistake) => `${mistake.on} ${mistake.reason}: ${mistake.says}`).toSorted();
  const found = await until(
    'as many Events as mistakes',
    async () => {
      const texts = (await warnings()).map(({ on, reason, message }) => `${on} ${reason}: ${message}`);
      return wanted.every((text) => texts.includes(text)) ? texts : undefined;
    },
    45_000,
  ).catch(async () => (await warnings()).map(({ on, reason, message }) => `${on} ${reason}: ${message}`));
  context.diagnostic(`${found.length} Events ${Date.now() - started} ms after kubectl started`);
  assert.deepEqual(found.toSorted(), wanted);

  await servedEverywhere('correct.test');
  const described = await kubectl('--namespace', namespace, 'describe', 'ingress', 'no-service');
  assert.match(described, /Warning\s+ServiceMissing/, 'kubectl describe shows it');
});

scenario('an Event is not repeated, and a mended mistake gets no new one', 60, async (context) => {
  const before = await warnings();
  // Any change is a reason to look at everything again.
  await apply(ingress({ namespace, name: 'no-service', host: 'no-service.test', service: 'shop' }));
  const took = await servedEverywhere('no-service.test');
  await apply(ingress({ namespace, name: 'one-more', host: 'one-more.test', service: 'shop' }));
  await servedEverywhere('one-more.test');
  context.diagnostic(`mended after ${took} ms`);
  assert.deepEqual(await warnings(), before);
  await deleteNamespace(namespace);
});

async function typicalMistakes(): Promise<readonly Mistake[]> {
  return [...wrongReferences(), ...(await wrongCertificates()), ...wrongAnnotations()];
}

function wrongReferences(): readonly Mistake[] {
  const backendField = 'spec.rules[0].http.paths[0].backend';
  return [
    {
      // The Service does not exist.
      objects: [wrong('no-service', { service: 'nowhere' })],
      on: 'Ingress/no-service',
      reason: 'ServiceMissing',
      says:
        `${backendField}: requests for Service \`mistakes/nowhere:80\` are answered with 503: there is no such Service. ` +
        'Create the Service in the namespace of the Ingress, or correct the name.',
    },
    {
      // The Service has no such port.
      objects: [wrong('no-port', { port: 8123 })],
      on: 'Ingress/no-port',
      reason: 'ServicePortMissing',
      says:
        `${backendField}: requests for Service \`mistakes/shop:8123\` are answered with 503: the Service has no port "8123"; ` +
        'it has 80 (http). Write a port of the Service, by its number or its name.',
    },
    {
      // Host and path belong to another Ingress already.
      objects: [wrong('taken', { host: 'correct.test' })],
      on: 'Ingress/taken',
      reason: 'PathConflict',
      says:
        'spec.rules[0].http.paths[0]: path "/" of host correct.test in `mistakes/taken` is not served: ' +
        'Ingress `mistakes/correct` has the same host, path and path type, and is older. ' +
        'Change the host or the path in one of the two, or remove it there.',
    },
  ];
}

async function wrongCertificates(): Promise<readonly Mistake[]> {
  const [expired, foreign, one, other] = await Promise.all([
    makeCertificate('expired.test', 'expired'),
    makeCertificate('elsewhere.test'),
    makeCertificate('mismatch.test'),
    makeCertificate('mismatch.test'),
  ]);
  const served = (name: string): string =>
    `spec.tls[0].secretName: host ${name}.test of \`mistakes/${name}\` is served with the default certificate: `;
  return [
    {
      // The TLS Secret does not exist.
      objects: [wrong('no-secret', { tlsSecret: 'absent-tls' })],
      on: 'Ingress/no-secret',
      reason: 'SecretMissing',
      says:
        `${served('no-secret')}there is no Secret \`mistakes/absent-tls\` of type kubernetes.io/tls (one of another type does not count). ` +
        'Create it in the namespace of the Ingress, or correct secretName; cert-manager needs a moment to make it.',
    },
    {
      // Key and certificate do not belong together; the API server does not compare them.
      objects: [
        tlsSecret(namespace, 'mismatch-tls', { certificate: one.certificate, key: other.key }),
        wrong('mismatch', { tlsSecret: 'mismatch-tls' }),
      ],
      on: 'Ingress/mismatch',
      reason: 'SecretInvalid',
      says:
        `${served('mismatch')}Secret \`mistakes/mismatch-tls\` cannot be used: the private key in \`tls.key\` does not ` +
        'belong to a certificate in `tls.crt`. Store the key with which the certificate was requested.',
    },
    {
      // The certificate is for another host.
      objects: [tlsSecret(namespace, 'foreign-tls', foreign), wrong('foreign', { tlsSecret: 'foreign-tls' })],
      on: 'Ingress/foreign',
      reason: 'CertificateNameMismatch',
      says:
        `${served('foreign')}the certificate in Secret \`mistakes/foreign-tls\` is for elsewhere.test. ` +
        'Use a certificate whose subject alternative names hold foreign.test.',
    },
    {
      // The certificate is expired.
      objects: [tlsSecret(namespace, 'expired-tls', expired), wrong('expired', { tlsSecret: 'expired-tls' })],
      on: 'Secret/expired-tls',
      reason: 'CertificateExpired',
      says:
        'data[tls.crt]: the certificate in Secret `mistakes/expired-tls` has expired: clients refuse it. ' +
        'Renew the certificate; with cert-manager, look at its Certificate object.',
    },
  ];
}

function wrongAnnotations(): readonly Mistake[] {
  const annotated = (name: string, key: string, value: string, reason: string, says: string): Mistake => ({
    objects: [wrong(name, { annotations: { [`${prefix}/${key}`]: value } })],
    on: `Ingress/${name}`,
    reason,
    says: `metadata.annotations[${prefix}/${key}]: \`${prefix}/${key}\` of \`mistakes/${name}\` ${says}`,
  });
  return [
    annotated(
      'bad-value',
      'proxy-read-timeout',
      '30s',
      'AnnotationInvalid',
      'is ignored: "30s" is not a whole number of seconds. Write digits only, in quotes, for example "60".',
    ),
    annotated(
      'misspelled',
      'proxy-read-timout',
      '30',
      'AnnotationUnknown',
      'is ignored: there is no annotation of this name; did you mean proxy-read-timeout. Correct the name, or remove the annotation.',
    ),
    annotated(
      'no-password',
      'auth-secret',
      'absent-passwords',
      'GuardNotSupported',
      'closes every path, with 503: basic and digest authentication are not there yet. ' +
        'Let the backend check it and remove the annotation, or keep this Ingress with a controller that does.',
    ),
    annotated(
      'snippet',
      'configuration-snippet',
      'more_set_headers "X-Team: shop";',
      'SnippetRefused',
      'is left out: text of users never becomes configuration or program text. ' +
        'Replace it by typed annotations, or do in the backend what it does.',
    ),
  ];
}

/** An Ingress that would be right but for these fields. */
function wrong(name: string, options: object): Manifest {
  return ingress({ namespace, name, host: `${name}.test`, service: 'shop', ...options });
}

interface Warning {
  readonly on: string;
  readonly reason: string;
  readonly message: string;
}

/** Fairway's Events, on the objects that they name by their uid; sorted, so that two looks can be compared. */
async function warnings(): Promise<readonly Warning[]> {
  const items = listAt(await getObject(`/api/v1/namespaces/${namespace}/events`), 'items');
  const found = items
    .filter((event) => textAt(event, 'reportingComponent').startsWith('fairway.dev'))
    .map((event) => ({
      on: `${textAt(event, 'involvedObject', 'kind')}/${textAt(event, 'involvedObject', 'name')}`,
      uid: textAt(event, 'involvedObject', 'uid'),
      reason: textAt(event, 'reason'),
      message: textAt(event, 'message'),
    }));
  const uids = await knownUids();
  return found
    .filter(({ uid }) => uids.has(uid))
    .map(({ on, reason, message }) => ({ on, reason, message }))
    .toSorted((one, other) => one.on.localeCompare(other.on));
}

async function knownUids(): Promise<ReadonlySet<string>> {
  const words = ['--namespace', namespace, 'get', 'ingresses,secrets', '--output=jsonpath={.items[*].metadata.uid}'];
  return new Set((await kubectl(...words)).split(' '));
}
