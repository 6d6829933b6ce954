import { checkEndpointAddress } from './endpoint-address.ts';
import type { FieldReader, Fields } from './field-reader.ts';
import { quoted, typeName } from './field-reader.ts';
import { isPort } from './grammar.ts';
import type { EndpointPort, EndpointSlice, Metadata, SliceEndpoint } from './kinds.ts';
import { readTransport } from './transport.ts';

const serviceLabel = 'kubernetes.io/service-name';
const managerLabel = 'endpointslice.kubernetes.io/managed-by';

/** discovery.k8s.io/v1 EndpointSlice. @param allowLoopback  see `checkEndpointAddress` */
export function readEndpointSlice(
  reader: FieldReader,
  metadata: Metadata,
  object: Fields,
  allowLoopback: boolean,
): EndpointSlice | undefined {
  const addressType = readAddressType(reader, object);
  if (addressType === undefined) return undefined;
  return {
    kind: 'EndpointSlice',
    ...metadata,
    service: labelOf(object, serviceLabel),
    managedBy: labelOf(object, managerLabel),
    addressType,
    ports: readEndpointPorts(reader, object, ''),
    endpoints: reader.each(object, 'endpoints', '', (endpoint, path) => ({
      addresses: readAddresses(reader, endpoint, path, { addressType, allowLoopback }),
      ...readConditions(reader, endpoint, path),
      ...readPlace(reader, endpoint, path),
    })),
  };
}

/** Ports of a slice or of a subset of Endpoints. A port without number stays, so that the compiler can say why not. */
export function readEndpointPorts(reader: FieldReader, owner: Fields, path: string): EndpointPort[] {
  return reader.each(owner, 'ports', path, (item, itemPath) => {
    const before = reader.mistakes;
    const name = reader.text(item, 'name', itemPath) ?? '';
    const port = reader.integer(item, 'port', itemPath);
    const protocol = readTransport(reader, item, itemPath);
    if (reader.mistakes > before) return undefined;
    if (port !== undefined && !isPort(port)) {
      reader.report(`${itemPath}.port`, { why: `${port} is not a port`, fix: 'Write a number from 1 to 65535.' });
      return undefined;
    }
    return port === undefined ? { name, protocol } : { name, port, protocol };
  });
}

/** Name of the pod that `targetRef` points to. */
export function readTargetPod(reader: FieldReader, owner: Fields, path: string): string | undefined {
  const target = reader.fields(owner, 'targetRef', path);
  if (target === undefined || reader.text(target, 'kind', `${path}.targetRef`) !== 'Pod') return undefined;
  return reader.text(target, 'name', `${path}.targetRef`);
}

function readAddressType(reader: FieldReader, object: Fields): EndpointSlice['addressType'] | undefined {
  const text = object['addressType'];
  if (text === 'IPv4' || text === 'IPv6' || text === 'FQDN') return text;
  reader.report('addressType', {
    code: 'object-malformed',
    effect: 'is wrong, the slice cannot be read',
    why: `it is ${typeof text === 'string' ? quoted(text) : typeName(text)}`,
    fix: 'Write IPv4 or IPv6.',
  });
  return undefined;
}

/** Read from the object itself: of a slice's labels only Fairway's own are kept. */
function labelOf(object: Fields, label: string): string {
  const metadata: unknown = object['metadata'];
  if (typeof metadata !== 'object' || metadata === null || !('labels' in metadata)) return '';
  const labels: unknown = metadata.labels;
  if (typeof labels !== 'object' || labels === null || !Object.hasOwn(labels, label)) return '';
  const value: unknown = Reflect.get(labels, label);
  return typeof value === 'string' ? value : '';
}

function readAddresses(
  reader: FieldReader,
  endpoint: Fields,
  path: string,
  rule: { readonly addressType: EndpointSlice['addressType']; readonly allowLoopback: boolean },
): string[] {
  const texts = reader.texts(endpoint, 'addresses', path);
  if (rule.addressType === 'FQDN') return texts;
  return texts.flatMap((text, at) => {
    const check = checkEndpointAddress(text, rule.allowLoopback);
    if (check.kind === 'address' && check.family === rule.addressType) return [check.address];
    reader.report(`${path}.addresses[${at}]`, {
      code: 'endpoint-address-refused',
      effect: 'gets no requests',
      why: `${quoted(text)}: ${check.kind === 'refused' ? check.why : `the slice is of type ${rule.addressType}`}`,
      fix: `Write the ${rule.addressType} address of a pod.`,
    });
    return [];
  });
}

/**
 * What nil means. Source: Kubernetes API, EndpointConditions v1: ready and serving nil are true, terminating nil is false.
 */
function readConditions(
  reader: FieldReader,
  endpoint: Fields,
  path: string,
): Pick<SliceEndpoint, 'ready' | 'serving' | 'terminating'> {
  const conditions = reader.fields(endpoint, 'conditions', path) ?? {};
  const place = `${path}.conditions`;
  return {
    ready: reader.flag(conditions, 'ready', place) ?? true,
    serving: reader.flag(conditions, 'serving', place) ?? true,
    terminating: reader.flag(conditions, 'terminating', place) ?? false,
  };
}

function readPlace(
  reader: FieldReader,
  endpoint: Fields,
  path: string,
): Pick<SliceEndpoint, 'zone' | 'zoneHints' | 'pod' | 'nodeName'> {
  const zone = reader.text(endpoint, 'zone', path);
  const nodeName = reader.text(endpoint, 'nodeName', path);
  const zoneHints = readZoneHints(reader, endpoint, path);
  const pod = readTargetPod(reader, endpoint, path);
  return {
    ...(zone === undefined ? {} : { zone }),
    ...(zoneHints.length === 0 ? {} : { zoneHints }),
    ...(pod === undefined ? {} : { pod }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

/** An empty list is the same as none. Source: Kubernetes API, EndpointHints v1. */
function readZoneHints(reader: FieldReader, endpoint: Fields, path: string): string[] {
  const hints = reader.fields(endpoint, 'hints', path) ?? {};
  return reader.each(hints, 'forZones', `${path}.hints`, (zone, zonePath) => {
    const name = reader.text(zone, 'name', zonePath);
    return name === '' ? undefined : name;
  });
}
