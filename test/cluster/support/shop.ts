import { installFairway, servedEverywhere } from './fairway.ts';
import { apply, rolledOut } from './kubectl.ts';
import { backend, ingress, restrictedNamespace } from './manifests.ts';

/** Host of the application that `startShop` starts. */
export const shopHost = 'shop.test';

/**
 * Fairway, and one application behind it in a namespace of its own, over plain HTTP too.
 * @returns the address of Fairway, once every replica of it serves the application
 */
export async function startShop(namespace: string, replicas: number): Promise<string> {
  const address = await installFairway();
  const annotations = { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' };
  await apply(
    restrictedNamespace(namespace),
    ...backend({ namespace, name: 'shop', replicas }),
    ingress({ namespace, name: 'shop', host: shopHost, service: 'shop', annotations }),
  );
  await rolledOut(namespace, 'shop');
  await servedEverywhere(shopHost);
  return address;
}
