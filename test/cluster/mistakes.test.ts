import assert from 'node:assert/strict';
import { before } from 'node:test';

import { getObject } from './support/api.ts';
import { makeCertificate, tlsSecret } from './support/certificates.ts';
import { installFairway, servedEverywhere } from './support/fairway.ts';
import { listAt, textAt } from './support/json.ts';
import { apply, deleteNamespace, rolledOut } from './support/kubectl.ts';
import type { Manifest } from './support/kubectl.ts';
import { backend, ingress, restrictedNamespace } from './support/manifests.ts';
import { scenario } from './support/scenario.ts';
import { until } from './support/wait.ts';

const namespace = 'mistakes';
const prefix = 'nginx.ingress.kubernetes.io';

/** One typical mistake: what is applied, and what the Event on that very object must name. */
interface Mistake {
  readonly title: string;
  readonly name: string;
  readonly objects: readonly Manifest[];
  readonly mentions: RegExp;
}

before(async () => {
  await installFairway();
});

scenario('each of ten typical mistakes gets an Event on the right object', 120, async (context) => {
  const mistakes = await typicalMistakes();
  await apply(restrictedNamespace(namespace), ...backend({ namespace, name: 'shop' }));
  await rolledOut(namespace, 'shop');
  await apply(ingress({ namespace, name: 'correct', host: 'correct.test', service: 'shop' }));
  await servedEverywhere('correct.test');
  const started = Date.now();
  await apply(...mistakes.flatMap(({ objects }) => objects));

  const missing = await eventsMissing(mistakes);
  assert.deepEqual(missing, [], 'mistakes without an Event of their own');
  context.diagnostic(`${mistakes.length} Events ${Date.now() - started} ms after kubectl started`);

  await servedEverywhere('correct.test');
  const onCorrect = (await warnings()).filter(({ name }) => name === 'correct');
  assert.deepEqual(onCorrect, [], 'no Event on an Ingress without a mistake');
  await deleteNamespace(namespace);
});

async function typicalMistakes(): Promise<readonly Mistake[]> {
  const [expired, foreign, one, other] = await Promise.all([
    makeCertificate('expired.test', 'expired'),
    makeCertificate('elsewhere.test'),
    makeCertificate('mismatch.test'),
    makeCertificate('mismatch.test'),
  ]);
  const wrong = (
    title: string,
    name: string,
    mentions: RegExp,
    options: object,
    ...objects: readonly Manifest[]
  ): Mistake => ({
    title,
    name,
    mentions,
    objects: [...objects, ingress({ namespace, name, host: `${name}.test`, service: 'shop', ...options })],
  });
  const annotated = (title: string, name: string, annotation: string, value: string): Mistake =>
    wrong(title, name, new RegExp(annotation), { annotations: { [`${prefix}/${annotation}`]: value } });
  return [
    wrong('the Service does not exist', 'no-service', /nowhere/, { service: 'nowhere' }),
    wrong('the Service has no such port', 'no-port', /8123/, { port: 8123 }),
    wrong('the TLS Secret does not exist', 'no-secret', /absent-tls/, { tlsSecret: 'absent-tls' }),
    wrong(
      'key and certificate do not belong together',
      'mismatch',
      /mismatch-tls/,
      { tlsSecret: 'mismatch-tls' },
      brokenSecret('mismatch-tls', one.certificate, other.key),
    ),
    wrong(
      'the certificate is expired',
      'expired',
      /expired-tls/,
      { tlsSecret: 'expired-tls' },
      tlsSecret(namespace, 'expired-tls', expired),
    ),
    wrong(
      'the certificate is for another host',
      'foreign',
      /foreign-tls/,
      { tlsSecret: 'foreign-tls' },
      tlsSecret(namespace, 'foreign-tls', foreign),
    ),
    annotated('a time with a unit', 'bad-value', 'proxy-read-timeout', '30s'),
    annotated('a misspelled annotation', 'misspelled', 'proxy-read-timout', '30'),
    annotated('a password file that does not exist', 'no-password', 'auth-secret', 'absent-passwords'),
    annotated('a snippet', 'snippet', 'configuration-snippet', 'more_set_headers "X-Team: shop";'),
    wrong('host and path belong to another Ingress already', 'taken', /correct/, { host: 'correct.test' }),
  ];
}

/** The API server does not compare key and certificate of a `kubernetes.io/tls` Secret, so users get this far. */
function brokenSecret(name: string, certificate: string, key: string): Manifest {
  return tlsSecret(namespace, name, { certificate, key });
}

interface Warning {
  readonly name: string;
  readonly reason: string;
  readonly message: string;
}

async function warnings(): Promise<readonly Warning[]> {
  const items = listAt(await getObject(`/api/v1/namespaces/${namespace}/events`), 'items');
  return items
    .filter((event) => textAt(event, 'involvedObject', 'kind') === 'Ingress' && textAt(event, 'type') === 'Warning')
    .map((event) => ({
      name: textAt(event, 'involvedObject', 'name'),
      reason: textAt(event, 'reason'),
      message: textAt(event, 'message'),
    }));
}

/** Waits for the Events and says which mistakes still have none. */
async function eventsMissing(mistakes: readonly Mistake[]): Promise<readonly string[]> {
  const missing = async (): Promise<readonly string[]> => {
    const found = await warnings();
    return mistakes
      .filter(({ name, mentions }) => !found.some((event) => event.name === name && mentions.test(event.message)))
      .map(({ title }) => title);
  };
  try {
    return await until('all Events', async () => ((await missing()).length === 0 ? [] : undefined), 45_000);
  } catch {
    return await missing();
  }
}
