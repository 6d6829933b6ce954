import { checkEndpointAddress } from './endpoint-address.ts';
import { readEndpointPorts, readTargetPod } from './endpoint-slice.ts';
import type { FieldReader, Fields } from './field-reader.ts';
import { quoted } from './field-reader.ts';
import type { Endpoints, EndpointsSubset, Metadata } from './kinds.ts';

type SubsetAddress = EndpointsSubset['ready'][number];

/** v1 Endpoints, read only where a cluster serves no EndpointSlices. @param allowLoopback  see `checkEndpointAddress` */
export function readEndpoints(
  reader: FieldReader,
  metadata: Metadata,
  object: Fields,
  allowLoopback: boolean,
): Endpoints {
  return {
    kind: 'Endpoints',
    ...metadata,
    subsets: reader.each(object, 'subsets', '', (subset, path) => ({
      ready: readAddresses(reader, subset, 'addresses', { path, allowLoopback }),
      notReady: readAddresses(reader, subset, 'notReadyAddresses', { path, allowLoopback }),
      ports: readEndpointPorts(reader, subset, path),
    })),
  };
}

function readAddresses(
  reader: FieldReader,
  subset: Fields,
  key: 'addresses' | 'notReadyAddresses',
  rule: { readonly path: string; readonly allowLoopback: boolean },
): SubsetAddress[] {
  return reader.each(subset, key, rule.path, (item, path) => {
    const text = reader.text(item, 'ip', path) ?? '';
    const check = checkEndpointAddress(text, rule.allowLoopback);
    if (check.kind === 'refused') {
      reader.report(`${path}.ip`, {
        code: 'endpoint-address-refused',
        effect: 'gets no requests',
        why: `${quoted(text)}: ${check.why}`,
        fix: 'Write the address of a pod.',
      });
      return undefined;
    }
    const pod = readTargetPod(reader, item, path);
    return { ip: check.address, ...(pod === undefined ? {} : { pod }) };
  });
}
