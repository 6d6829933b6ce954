import type { FieldReader, Fields } from './field-reader.ts';
import { quoted } from './field-reader.ts';
import { isLabel, isPort } from './grammar.ts';
import type { Metadata, Service, ServicePort } from './kinds.ts';
import { readLoadBalancerAddresses } from './load-balancer.ts';
import { readTransport } from './transport.ts';

const types: readonly Service['type'][] = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'];

/** v1 Service. Defaults: type ClusterIP, protocol TCP, targetPort as port. */
export function readService(reader: FieldReader, metadata: Metadata, object: Fields): Service {
  const spec = reader.fields(object, 'spec', '') ?? {};
  return {
    kind: 'Service',
    ...metadata,
    type: readType(reader, spec),
    clusterIP: reader.text(spec, 'clusterIP', 'spec') ?? '',
    externalName: (reader.text(spec, 'externalName', 'spec') ?? '').slice(0, 253),
    externalIPs: reader.texts(spec, 'externalIPs', 'spec'),
    ports: reader.each(spec, 'ports', 'spec', (port, path) => readPort(reader, port, path)),
    addresses: readLoadBalancerAddresses(reader, object),
  };
}

function readType(reader: FieldReader, spec: Fields): Service['type'] {
  const text = reader.text(spec, 'type', 'spec') ?? 'ClusterIP';
  const known = types.find((type) => type === text);
  if (known !== undefined) return known;
  reader.report('spec.type', {
    effect: 'is read as ClusterIP',
    why: `${quoted(text)} is not a type of Service`,
    fix: `Write one of ${types.join(', ')}.`,
  });
  return 'ClusterIP';
}

function readPort(reader: FieldReader, item: Fields, path: string): ServicePort | undefined {
  const before = reader.mistakes;
  const name = reader.text(item, 'name', path) ?? '';
  const port = reader.integer(item, 'port', path);
  const targetPort = readTargetPort(reader, item, path);
  const protocol = readTransport(reader, item, path);
  if (reader.mistakes > before) return undefined;
  if (port === undefined || !isPort(port)) {
    const why = port === undefined ? 'the port is missing' : `${port} is not a port`;
    reader.report(`${path}.port`, { why, fix: 'Write a number from 1 to 65535.' });
    return undefined;
  }
  if (name !== '' && !isLabel(name)) {
    reader.report(`${path}.name`, {
      why: `${quoted(name)} is not a name for a port`,
      fix: 'Write lower-case letters, digits and dashes, for example http.',
    });
    return undefined;
  }
  return { name, port, targetPort: targetPort ?? port, protocol };
}

/** Number or name; 0 and empty text count as absent, as in the API server's defaulting. */
function readTargetPort(reader: FieldReader, item: Fields, path: string): string | number | undefined {
  const target = item['targetPort'];
  if (typeof target === 'number') {
    if (isPort(target)) return target;
    if (target !== 0)
      reader.report(`${path}.targetPort`, { why: `${target} is not a port`, fix: 'Write a port of the pods.' });
    return undefined;
  }
  const name = reader.text(item, 'targetPort', path);
  if (name === undefined || name === '') return undefined;
  if (isLabel(name)) return name;
  reader.report(`${path}.targetPort`, {
    why: `${quoted(name)} is neither a port nor the name of one`,
    fix: 'Write a number without quotes, or the name of a port of the container.',
  });
  return undefined;
}
