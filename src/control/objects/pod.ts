import { checkEndpointAddress } from './endpoint-address.ts';
import type { FieldReader, Fields } from './field-reader.ts';
import { isPort } from './grammar.ts';
import type { Container, Metadata, Pod } from './kinds.ts';
import { readReadinessProbe } from './readiness-probe.ts';
import { readTransport } from './transport.ts';

/** v1 Pod: addresses, ports and readiness probes. Sidecars (init containers that restart always) serve ports too. */
export function readPod(reader: FieldReader, metadata: Metadata, object: Fields, allowLoopback: boolean): Pod {
  const spec = reader.fields(object, 'spec', '') ?? {};
  const container = (item: Fields, path: string): Container => readContainer(reader, item, path);
  return {
    kind: 'Pod',
    ...metadata,
    ips: readAddresses(reader, object, allowLoopback),
    containers: [
      ...reader.each(spec, 'containers', 'spec', container),
      ...reader.each(spec, 'initContainers', 'spec', (item, path) =>
        item['restartPolicy'] === 'Always' ? container(item, path) : undefined,
      ),
    ],
  };
}

function readContainer(reader: FieldReader, item: Fields, path: string): Container {
  const probe = reader.fields(item, 'readinessProbe', path);
  const readinessProbe = probe === undefined ? undefined : readReadinessProbe(reader, probe, `${path}.readinessProbe`);
  return {
    name: reader.text(item, 'name', path) ?? '',
    ports: reader.each(item, 'ports', path, (port, portPath) => readContainerPort(reader, port, portPath)),
    ...(readinessProbe === undefined ? {} : { readinessProbe }),
  };
}

function readContainerPort(reader: FieldReader, item: Fields, path: string): Container['ports'][number] | undefined {
  const before = reader.mistakes;
  const name = reader.text(item, 'name', path) ?? '';
  const containerPort = reader.integer(item, 'containerPort', path) ?? 0;
  const protocol = readTransport(reader, item, path);
  if (reader.mistakes > before) return undefined;
  if (isPort(containerPort)) return { name, containerPort, protocol };
  reader.report(`${path}.containerPort`, {
    why: `${containerPort} is not a port`,
    fix: 'Write a number from 1 to 65535.',
  });
  return undefined;
}

/** `status.podIPs`, or `status.podIP` where the list is missing; addresses that cannot be a pod's are left out. */
function readAddresses(reader: FieldReader, object: Fields, allowLoopback: boolean): string[] {
  const status = reader.fields(object, 'status', '') ?? {};
  const listed = reader.each(status, 'podIPs', 'status', (item, path) => reader.text(item, 'ip', path));
  const single = reader.text(status, 'podIP', 'status');
  const all = listed.length > 0 || single === undefined ? listed : [single];
  return all.flatMap((text) => {
    const check = checkEndpointAddress(text, allowLoopback);
    return check.kind === 'address' ? [check.address] : [];
  });
}
