import type { FieldReader, Fields } from './field-reader.ts';
import { quoted } from './field-reader.ts';
import { isPort } from './grammar.ts';
import type { ReadinessProbe } from './kinds.ts';

type ProbeAction = ReadinessProbe['action'];
type HttpAction = Extract<ProbeAction, { readonly kind: 'http' }>;

/**
 * A readiness probe with the defaults of the Kubernetes API: period 10 s, timeout 1 s, 1 success, 3 failures.
 * @returns undefined when it names no action that can be run, which counts as no probe
 * Source: Kubernetes API, Probe v1 core; 0 means the default, as in the API server's defaulting.
 */
export function readReadinessProbe(reader: FieldReader, probe: Fields, path: string): ReadinessProbe | undefined {
  const action = readAction(reader, probe, path);
  if (action === undefined) return undefined;
  const count = (key: string, fallback: number): number =>
    readCount(reader, probe, `${path}.${key}`, { key, fallback });
  return {
    action,
    periodSeconds: count('periodSeconds', 10),
    timeoutSeconds: count('timeoutSeconds', 1),
    successThreshold: count('successThreshold', 1),
    failureThreshold: count('failureThreshold', 3),
    initialDelaySeconds: count('initialDelaySeconds', 0),
  };
}

function readAction(reader: FieldReader, probe: Fields, path: string): ProbeAction | undefined {
  const http = reader.fields(probe, 'httpGet', path);
  if (http !== undefined) return readHttp(reader, http, `${path}.httpGet`);
  const tcp = reader.fields(probe, 'tcpSocket', path);
  if (tcp !== undefined) {
    const port = readProbePort(reader, tcp, `${path}.tcpSocket`);
    return port === undefined
      ? undefined
      : { kind: 'tcp', port, host: reader.text(tcp, 'host', `${path}.tcpSocket`) ?? '' };
  }
  const grpc = reader.fields(probe, 'grpc', path);
  if (grpc !== undefined) return readGrpc(reader, grpc, `${path}.grpc`);
  return reader.fields(probe, 'exec', path) === undefined ? undefined : { kind: 'exec' };
}

function readHttp(reader: FieldReader, http: Fields, path: string): HttpAction | undefined {
  const port = readProbePort(reader, http, path);
  const scheme = readScheme(reader, http, path);
  const target = readTarget(reader, http, path);
  if (port === undefined || scheme === undefined || target === undefined) return undefined;
  const headers = reader.each(http, 'httpHeaders', path, (item, itemPath) => readHeader(reader, item, itemPath));
  return {
    kind: 'http',
    path: target,
    port,
    scheme,
    headers: headers.flat(),
    host: reader.text(http, 'host', path) ?? '',
  };
}

function readScheme(reader: FieldReader, http: Fields, path: string): 'http' | 'https' | undefined {
  const text = reader.text(http, 'scheme', path) ?? '';
  if (text === '' || text.toUpperCase() === 'HTTP') return 'http';
  if (text.toUpperCase() === 'HTTPS') return 'https';
  reader.report(`${path}.scheme`, {
    effect: 'makes the probe unusable',
    why: `${quoted(text)} is not a scheme`,
    fix: 'Write HTTP or HTTPS.',
  });
  return undefined;
}

/** The kubelet puts a missing slash in front; what is no path in a request line makes the probe unusable. */
function readTarget(reader: FieldReader, http: Fields, path: string): string | undefined {
  const text = reader.text(http, 'path', path) ?? '';
  const target = text.startsWith('/') ? text : `/${text}`;
  if (/^[\u0021-\u007e]{1,2048}$/.test(target)) return target;
  reader.report(`${path}.path`, {
    effect: 'makes the probe unusable',
    why: `${quoted(text)} is not the path of a request`,
    fix: 'Write printable ASCII without spaces, at most 2048 characters, for example /healthz.',
  });
  return undefined;
}

/** Names and values go into a request as they are: line breaks would make other headers of them (threats R-28). */
function readHeader(reader: FieldReader, item: Fields, path: string): [string, string] | undefined {
  const name = reader.text(item, 'name', path) ?? '';
  const value = reader.text(item, 'value', path) ?? '';
  // oxlint-disable-next-line no-control-regex -- tab is the one control character that RFC 9110 section 5.5 allows
  if (/^[-!#$%&'*+.^_`|~0-9A-Za-z]{1,256}$/.test(name) && /^[\t\u0020-\u007e\u0080-\u00ff]{0,4096}$/.test(value)) {
    return [name, value.trim()];
  }
  reader.report(path, { why: 'it is not a header after RFC 9110', fix: 'Write a name of letters, digits and dashes.' });
  return undefined;
}

function readGrpc(reader: FieldReader, grpc: Fields, path: string): ProbeAction | undefined {
  const port = readProbePort(reader, grpc, path);
  const service = reader.text(grpc, 'service', path) ?? '';
  if (typeof port !== 'string') return port === undefined ? undefined : { kind: 'grpc', port, service };
  reader.report(`${path}.port`, { why: 'gRPC probes take a number only', fix: 'Write the number of the port.' });
  return undefined;
}

/** Number or name of a container port. */
function readProbePort(reader: FieldReader, owner: Fields, path: string): string | number | undefined {
  const port = owner['port'];
  if (typeof port === 'number' && isPort(port)) return port;
  const name = typeof port === 'number' ? '' : (reader.text(owner, 'port', path) ?? '');
  // Kubernetes reads digits in quotes as a number too.
  if (/^\d{1,5}$/.test(name) && isPort(Number(name))) return Number(name);
  if (/^[-a-z0-9]{1,63}$/i.test(name)) return name;
  reader.report(`${path}.port`, {
    effect: 'makes the probe unusable',
    why: 'it is neither a port nor the name of one',
    fix: 'Write a number from 1 to 65535 or the name of a port of the container.',
  });
  return undefined;
}

function readCount(
  reader: FieldReader,
  probe: Fields,
  field: string,
  rule: { readonly key: string; readonly fallback: number },
): number {
  const value = reader.integer(probe, rule.key, field.slice(0, -rule.key.length - 1)) ?? 0;
  if (value > 0 && value <= 86_400) return value;
  if (value !== 0) {
    reader.report(field, {
      effect: `is read as ${rule.fallback}`,
      why: `${value} is not between 0 and 86400`,
      fix: 'Write a small positive number, or leave the field out.',
    });
  }
  return rule.fallback;
}
