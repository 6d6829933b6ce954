import { isIP } from 'node:net';

import type { Settings } from '../../settings/settings.ts';
import type { LoadBalancerAddress, Service } from '../objects/kinds.ts';
import type { ObjectView } from '../objects/object-store.ts';

export type AddressSettings = Pick<Settings, 'publishService' | 'publishStatusAddress'>;

/**
 * What stands in `status.loadBalancer` of the Ingresses: the addresses of `--publish-status-address`, else those of the
 * Service of `--publish-service`, else of the node. Sorted, without doubles; empty when none is known yet.
 * Source: ingress-nginx internal/ingress/status/status.go, `runningAddresses`.
 */
export function publishedAddresses(
  objects: Pick<ObjectView, 'get'>,
  settings: AddressSettings,
  nodeAddresses: readonly string[],
): readonly LoadBalancerAddress[] {
  if (settings.publishStatusAddress.length > 0) return ordered(settings.publishStatusAddress.map(addressOf));
  if (settings.publishService === '') return ordered(nodeAddresses.map(addressOf));
  const [namespace = '', name = ''] = settings.publishService.split('/');
  const service = objects.get('Service', namespace, name);
  return service === undefined ? [] : ordered(serviceAddresses(service));
}

/** Source: ingress-nginx, `statusAddressFromService`. */
function serviceAddresses(service: Service): LoadBalancerAddress[] {
  const external = service.externalIPs.map(addressOf);
  switch (service.type) {
    case 'ExternalName':
      return service.externalName === '' ? [] : [{ hostname: service.externalName }];
    case 'ClusterIP':
      return isIP(service.clusterIP) === 0 ? [] : [{ ip: service.clusterIP }];
    case 'NodePort':
      if (external.length > 0) return external;
      return isIP(service.clusterIP) === 0 ? [] : [{ ip: service.clusterIP }];
    case 'LoadBalancer':
      return [...service.addresses, ...external];
  }
}

/** An address, or a name that resolves to some. */
export function addressOf(text: string): LoadBalancerAddress {
  return isIP(text) === 0 ? { hostname: text } : { ip: text };
}

function ordered(addresses: readonly LoadBalancerAddress[]): LoadBalancerAddress[] {
  const byText = new Map(addresses.map((address) => [textOf(address), address]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, address]) => address);
}

function textOf(address: LoadBalancerAddress): string {
  return `${address.ip ?? ''} ${address.hostname ?? ''}`;
}
