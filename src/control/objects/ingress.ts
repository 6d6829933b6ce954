import type { FieldReader, Fields } from './field-reader.ts';
import { quoted } from './field-reader.ts';
import { isHost, isSubdomain } from './grammar.ts';
import { readBackend } from './ingress-backend.ts';
import { readIngressPath } from './ingress-path.ts';
import type { Ingress, IngressRule, IngressTls, Metadata } from './kinds.ts';
import { readLoadBalancerAddresses } from './load-balancer.ts';

/** networking.k8s.io/v1 Ingress. Each broken part is left out and reported; the rest counts. */
export function readIngress(reader: FieldReader, metadata: Metadata, object: Fields): Ingress {
  const spec = reader.fields(object, 'spec', '') ?? {};
  reader.unknown(spec, 'spec', ['ingressClassName', 'defaultBackend', 'rules', 'tls']);
  const className = reader.text(spec, 'ingressClassName', 'spec');
  const defaultBackend = reader.fields(spec, 'defaultBackend', 'spec');
  const backend = defaultBackend === undefined ? undefined : readBackend(reader, defaultBackend, 'spec.defaultBackend');
  const rules = reader.each(spec, 'rules', 'spec', (rule, path) => readRule(reader, rule, path));
  const lacksRules = Array.isArray(spec['rules']) && rules.length < spec['rules'].length;
  return {
    kind: 'Ingress',
    ...metadata,
    ...(className === undefined ? {} : { className }),
    ...(backend === undefined ? {} : { defaultBackend: backend }),
    rules,
    ...(lacksRules ? { lacksRules } : {}),
    tls: reader.each(spec, 'tls', 'spec', (tls, path) => readTls(reader, tls, path)),
    addresses: readLoadBalancerAddresses(reader, object),
  };
}

/** A rule whose host is wrong, or may be misspelled, is left out: it must not become a rule for every host. */
function readRule(reader: FieldReader, rule: Fields, path: string): IngressRule | undefined {
  const unknown = reader.unknown(rule, path, ['host', 'http']);
  if (unknown !== undefined && (rule['host'] ?? '') === '') {
    reader.report(path, {
      code: 'unknown-field',
      severity: 'error',
      effect: 'is not served',
      why: `it has no host but the unknown field ${quoted(unknown)}, and would take requests for every host`,
      fix: 'Mend the field, or take it out if the rule is meant for every host.',
    });
    return undefined;
  }
  const text = reader.text(rule, 'host', path);
  if (text === undefined && rule['host'] !== undefined && rule['host'] !== null) return undefined;
  const host = text === undefined || text === '' ? undefined : readHost(reader, text, `${path}.host`);
  if (host === 'malformed') return undefined;
  const http = reader.fields(rule, 'http', path);
  if (http !== undefined) reader.unknown(http, `${path}.http`, ['paths']);
  const paths =
    http === undefined
      ? []
      : reader.each(http, 'paths', `${path}.http`, (one, onePath) => readIngressPath(reader, one, onePath));
  return host === undefined ? { paths } : { host: host.name, paths };
}

/** Upper case is served, because DNS does not tell it from lower case; the API server would refuse it. */
function readHost(reader: FieldReader, text: string, field: string): { readonly name: string } | 'malformed' {
  const name = text.toLowerCase();
  if (!isHost(name)) {
    reader.report(field, {
      code: 'host-malformed',
      effect: 'is not served',
      why: `${quoted(text)} is not a DNS name`,
      fix: 'Write a name like shop.example.com, or *.example.com for all names one level below; not an address or a port.',
    });
    return 'malformed';
  }
  if (name !== text) {
    reader.report(field, {
      code: 'host-malformed',
      severity: 'warning',
      effect: `is served as ${name}`,
      why: `${quoted(text)} is not in lower case`,
      fix: `Write ${name}.`,
    });
  }
  return { name };
}

function readTls(reader: FieldReader, tls: Fields, path: string): IngressTls {
  reader.unknown(tls, path, ['hosts', 'secretName']);
  const hosts = reader.texts(tls, 'hosts', path).flatMap((text, at) => {
    const host = readHost(reader, text, `${path}.hosts[${at}]`);
    return host === 'malformed' ? [] : [host.name];
  });
  const secretName = reader.text(tls, 'secretName', path);
  if (secretName === undefined || secretName === '') return { hosts };
  if (isSubdomain(secretName)) return { hosts, secretName };
  reader.report(`${path}.secretName`, {
    why: `${quoted(secretName)} is not the name of a Secret`,
    fix: 'Write the name of a Secret in the same namespace: lower-case letters, digits, dashes and dots.',
  });
  return { hosts };
}
