import assert from 'node:assert/strict';
import { before } from 'node:test';

import { makeCertificate, tlsSecret } from './support/certificates.ts';
import { ask } from './support/client.ts';
import { askEveryReplica, installFairway, servedEverywhere } from './support/fairway.ts';
import { apply, deleteNamespace, kubectl, rolledOut } from './support/kubectl.ts';
import { describeLosses, underLoad } from './support/load.ts';
import { backend, ingress, restrictedNamespace } from './support/manifests.ts';
import { scenario } from './support/scenario.ts';
import { passSeconds, until } from './support/wait.ts';

const namespace = 'serving';
const apps = ['shop', 'blog', 'stock'] as const;
let address = '';

before(async () => {
  address = await installFairway();
});

scenario('three applications are served over HTTP and HTTPS', 120, async (context) => {
  const { certificate, key, fingerprint } = await makeCertificate('shop.test');
  await apply(
    restrictedNamespace(namespace),
    ...apps.flatMap((name) => backend({ namespace, name, replicas: 2 })),
    tlsSecret(namespace, 'shop-tls', { certificate, key }),
    ingress({ namespace, name: 'shop', host: 'shop.test', service: 'shop', tlsSecret: 'shop-tls' }),
    ingress({ namespace, name: 'stock', host: 'shop.test', service: 'stock', path: '/stock', tlsSecret: 'shop-tls' }),
    ingress({ namespace, name: 'blog', host: 'blog.test', service: 'blog', port: 'http' }),
  );
  await Promise.all(apps.map(async (name) => await rolledOut(namespace, name)));
  context.diagnostic(`blog.test served ${await servedEverywhere('blog.test')} ms after its pods were ready`);

  const blog = await ask({ address, host: 'blog.test', path: '/a?b=c' });
  assert.match(blog.pod, /^blog-/);
  assert.match(blog.text, /"path":"\/a\?b=c"/);
  assert.match(blog.text, /"x-forwarded-proto":"http"/);
  assert.match(blog.text, /"x-real-ip":"/);

  const shop = await ask({ address, host: 'shop.test', scheme: 'https' });
  assert.match(shop.pod, /^shop-/);
  assert.match(shop.text, /"x-forwarded-proto":"https"/);
  assert.equal(shop.fingerprint, fingerprint);
  assert.match((await ask({ address, host: 'shop.test', scheme: 'https', path: '/stock/1' })).pod, /^stock-/);

  const redirect = await ask({ address, host: 'shop.test', path: '/cart' });
  assert.equal(redirect.status, 308);
  assert.equal(redirect.headers.location, 'https://shop.test/cart');
  assert.equal((await ask({ address, host: 'nobody.test' })).status, 404);

  const answers = await Promise.all(Array.from({ length: 20 }, async () => await ask({ address, host: 'blog.test' })));
  assert.equal(new Set(answers.map(({ pod }) => pod)).size, 2, 'both pods get requests');
});

scenario('kubectl get ingress shows the address', 60, async (context) => {
  const started = Date.now();
  const lines = await until('the address of all three', async () => {
    const found = (await kubectl('--namespace', namespace, 'get', 'ingress')).trim().split('\n');
    return found.length === 4 && found.slice(1).every((line) => line.includes(address)) ? found : undefined;
  });
  context.diagnostic(`address there after ${Date.now() - started} ms`);
  for (const line of lines) {
    context.diagnostic(line);
  }
});

scenario('a renewed certificate is served without a lost request', 60, async (context) => {
  const renewed = await makeCertificate('shop.test');
  const started = Date.now();
  const report = await underLoad({ address, host: 'shop.test', httpsShare: 1, ratePerSecond: 50 }, async () => {
    await passSeconds(1);
    await apply(tlsSecret(namespace, 'shop-tls', renewed));
    await until('the new certificate', async () => {
      const { fingerprint } = await ask({ address, host: 'shop.test', scheme: 'https' });
      return fingerprint === renewed.fingerprint ? true : undefined;
    });
    context.diagnostic(`renewed certificate served ${Date.now() - started - 1_000} ms after kubectl started`);
    await passSeconds(1);
  });
  context.diagnostic(report.summary);
  assert.equal(report.lost.length, 0, describeLosses(report.lost));
});

scenario('a changed and a deleted Ingress are followed', 60, async () => {
  await apply(ingress({ namespace, name: 'blog', host: 'news.test', service: 'blog' }));
  await servedEverywhere('news.test');
  await kubectl('--namespace', namespace, 'delete', 'ingress', 'blog');
  await until('404 from every replica', async () => {
    const answers = await askEveryReplica({ host: 'news.test' });
    return answers.every(({ status }) => status === 404) ? true : undefined;
  });
  await deleteNamespace(namespace);
});
