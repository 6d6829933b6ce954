import type { FieldReader, Fields } from './field-reader.ts';
import type { LoadBalancerAddress } from './kinds.ts';

/** `status.loadBalancer.ingress` of an Ingress or a Service. */
export function readLoadBalancerAddresses(reader: FieldReader, object: Fields): LoadBalancerAddress[] {
  const status = reader.fields(object, 'status', '') ?? {};
  const loadBalancer = reader.fields(status, 'loadBalancer', 'status') ?? {};
  return reader.each(loadBalancer, 'ingress', 'status.loadBalancer', (item, path) => {
    const ip = reader.text(item, 'ip', path) ?? '';
    const hostname = reader.text(item, 'hostname', path) ?? '';
    return ip === '' && hostname === ''
      ? undefined
      : { ...(ip === '' ? {} : { ip }), ...(hostname === '' ? {} : { hostname }) };
  });
}
