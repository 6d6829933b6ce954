import type { FieldReader, Fields } from './field-reader.ts';
import { quoted } from './field-reader.ts';
import { isLabel, isPort, isSubdomain } from './grammar.ts';
import type { IngressBackend, ServicePortRef } from './kinds.ts';

/** Source: Kubernetes Ingress API, IngressBackend v1: either a Service with one port, or a resource. */
export function readBackend(reader: FieldReader, backend: Fields, path: string): IngressBackend | undefined {
  // Fields of the past have a message of their own.
  reader.unknown(backend, path, ['service', 'resource', 'serviceName', 'servicePort']);
  const service = reader.fields(backend, 'service', path);
  const resource = reader.fields(backend, 'resource', path);
  if (service !== undefined && resource !== undefined) {
    return refuse(reader, path, 'it names a service and a resource', 'Write only one of the two.');
  }
  if (service !== undefined) return readService(reader, service, `${path}.service`);
  if (resource !== undefined) return readResource(reader, resource, `${path}.resource`);
  const legacy = 'serviceName' in backend || 'servicePort' in backend;
  return refuse(
    reader,
    path,
    legacy ? 'serviceName and servicePort belong to an API version of the past' : 'it names no service',
    'Write service.name and service.port.number or service.port.name.',
  );
}

function readService(reader: FieldReader, service: Fields, path: string): IngressBackend | undefined {
  reader.unknown(service, path, ['name', 'port']);
  const name = reader.text(service, 'name', path) ?? '';
  if (!isSubdomain(name)) {
    const why = name === '' ? 'the name is missing' : `${quoted(name)} is not the name of a Service`;
    return refuse(reader, `${path}.name`, why, 'Write the name of a Service in the same namespace.');
  }
  const port = readPort(reader, reader.fields(service, 'port', path) ?? {}, `${path}.port`);
  return port === undefined ? undefined : { kind: 'service', name, port };
}

function readPort(reader: FieldReader, port: Fields, path: string): ServicePortRef | undefined {
  reader.unknown(port, path, ['name', 'number']);
  const before = reader.mistakes;
  const name = reader.text(port, 'name', path) ?? '';
  const number = reader.integer(port, 'number', path) ?? 0;
  if (reader.mistakes > before) return undefined;
  const fix = 'Write number: 80, or name: http as in the ports of the Service.';
  if (name !== '' && number !== 0)
    return refuse(reader, path, 'it has a name and a number', 'Write only one of the two.');
  if (name === '' && number === 0) return refuse(reader, path, 'it has neither name nor number', fix);
  if (number !== 0) return isPort(number) ? number : refuse(reader, path, `${number} is not a port`, fix);
  return isLabel(name) ? name : refuse(reader, path, `${quoted(name)} is not the name of a port`, fix);
}

function readResource(reader: FieldReader, resource: Fields, path: string): IngressBackend | undefined {
  const before = reader.mistakes;
  const apiGroup = reader.text(resource, 'apiGroup', path) ?? '';
  const resourceKind = reader.text(resource, 'kind', path) ?? '';
  const name = reader.text(resource, 'name', path) ?? '';
  return reader.mistakes > before ? undefined : { kind: 'resource', apiGroup, resourceKind, name };
}

function refuse(reader: FieldReader, field: string, why: string, fix: string): undefined {
  reader.report(field, { code: 'backend-malformed', effect: 'is not served', why, fix });
  return undefined;
}
