import type { CodeDefinition } from '../../model/diagnostic.ts';
import type { AnnotationCode } from '../annotations/annotation-codes.ts';
import { annotationCodes } from '../annotations/annotation-codes.ts';
import type { DecodeCode } from '../objects/decode-codes.ts';
import { decodeCodes } from '../objects/decode-codes.ts';

/** Names of the diagnostics that the compiler itself reports. */
export type CompileCode =
  | 'class-unknown'
  | 'class-absent'
  | 'several-default-classes'
  | 'ingress-empty'
  | 'rule-without-paths'
  | 'catch-all-disabled'
  | 'path-conflict'
  | 'path-duplicate'
  | 'path-unreachable'
  | 'path-pattern'
  | 'default-backend-conflict'
  | 'canary-unattached'
  | 'canary-of-another-namespace'
  | 'canary-bound'
  | 'resource-backend'
  | 'service-missing'
  | 'service-port-missing'
  | 'service-port-is-target-port'
  | 'service-without-endpoints'
  | 'service-upstream-without-address'
  | 'external-name-disabled'
  | 'external-name-refused'
  | 'endpoints-unmanaged'
  | 'endpoint-port-missing'
  | 'upstream-conflict'
  | 'weight-invalid'
  | 'mirror-refused'
  | 'probe-host'
  | 'probe-port-missing'
  | 'health-check-unfit'
  | 'secret-missing'
  | 'secret-invalid'
  | 'certificate-name-mismatch'
  | 'certificate-conflict'
  | 'certificate-expired'
  | 'certificate-expires-soon'
  | 'certificate-not-yet-valid'
  | 'default-certificate-missing'
  | 'tls-host-without-rule'
  | 'tls-without-host'
  | 'config-map-missing'
  | 'config-map-key'
  | 'trusted-proxies-open'
  | 'more-diagnostics';

/** What each code of the compiler means, with its usual severity. */
export const compileCodes: Readonly<Record<CompileCode, CodeDefinition>> = {
  'class-unknown': {
    severity: 'info',
    doc: 'An Ingress names a class that does not exist, so nobody serves it.',
  },
  'class-absent': {
    severity: 'info',
    doc: 'An Ingress names no class, and there is no default class. Fairway does not serve it.',
  },
  'several-default-classes': {
    severity: 'warning',
    doc: 'More than one IngressClass is marked as default. The newest counts.',
  },
  'ingress-empty': { severity: 'warning', doc: 'An Ingress has neither rules nor a default backend.' },
  'rule-without-paths': {
    severity: 'warning',
    doc: 'A rule names a host and no paths, and there is no default backend. The host answers 404.',
  },
  'catch-all-disabled': {
    severity: 'error',
    doc: 'A rule without host, or spec.defaultBackend, is refused because of --disable-catch-all.',
  },
  'path-conflict': {
    severity: 'error',
    doc: 'Two Ingresses have the same host, path and path type. The older one is served; of two equally old ones the first by namespace and name. A warning when both lead to the same backend.',
  },
  'path-duplicate': {
    severity: 'warning',
    doc: 'A path stands twice in one Ingress, for the same host. The first one is served. Only worth knowing when both lead to the same backend.',
  },
  'path-unreachable': {
    severity: 'error',
    doc: 'No request can have this path, because it holds what is refused or resolved before routing.',
  },
  'path-pattern': {
    severity: 'error',
    doc: 'A path is a pattern, which Fairway does not serve yet. All that begins like it answers 503, so that no other rule gets requests that are not meant for it.',
  },
  'default-backend-conflict': {
    severity: 'warning',
    doc: 'Two Ingresses have a default backend for the same host. The older one counts.',
  },
  'canary-unattached': {
    severity: 'warning',
    doc: 'A canary Ingress has a path of which no requests are there to take: no other Ingress has the same host, path and path type, or it answers by itself, leads to the same Service, or has 16 canaries already.',
  },
  'canary-of-another-namespace': {
    severity: 'error',
    doc: 'A canary Ingress has the host, path and path type of an Ingress in another namespace. It gets no requests: a canary takes only those of its own namespace.',
  },
  'canary-bound': {
    severity: 'info',
    doc: 'Other rules lead to the same Service and port as the one of a canary. ingress-nginx would send a part of their requests to it as well; Fairway does with fairway.dev/canary-scope: service.',
  },
  'resource-backend': {
    severity: 'error',
    doc: 'A backend is a resource instead of a Service, which Fairway does not serve. The path answers 503.',
  },
  'service-missing': {
    severity: 'error',
    doc: 'A backend names a Service that does not exist in the namespace of the Ingress. The path answers 503.',
  },
  'service-port-missing': {
    severity: 'error',
    doc: 'A backend names a port that its Service does not have. The path answers 503.',
  },
  'service-port-is-target-port': {
    severity: 'warning',
    doc: 'A backend names the target port of a Service instead of its port. It is served, as ingress-nginx does.',
  },
  'service-without-endpoints': {
    severity: 'warning',
    doc: 'A Service has no endpoint that can take requests. The path answers 503 until it has, with `hold-for-endpoints` after waiting.',
  },
  'service-upstream-without-address': {
    severity: 'warning',
    doc: 'The annotation service-upstream has no effect on a Service without an address of its own. Its endpoints are used.',
  },
  'external-name-disabled': {
    severity: 'error',
    doc: 'A Service of type ExternalName, or an endpoint with a DNS name, is refused. --enable-external-name allows it.',
  },
  'external-name-refused': {
    severity: 'error',
    doc: 'The name of an ExternalName Service, or of an endpoint, is one that Fairway does not connect to.',
  },
  'endpoints-unmanaged': {
    severity: 'warning',
    doc: 'With --endpoints=managed-only, endpoints that Kubernetes does not manage get no requests.',
  },
  'endpoint-port-missing': {
    severity: 'warning',
    doc: 'An EndpointSlice gives no number for a port. Its endpoints get no requests.',
  },
  'upstream-conflict': {
    severity: 'warning',
    doc: 'Two Ingresses ask different things of one Service port. The older one counts.',
  },
  'mirror-refused': {
    severity: 'warning',
    doc: 'An Ingress wants its requests mirrored to where Fairway sends no copies. They are served without.',
  },
  'weight-invalid': {
    severity: 'warning',
    doc: 'The annotation fairway.dev/weight of a Pod is wrong. The weight is 1.',
  },
  'probe-host': {
    severity: 'warning',
    doc: 'A readiness probe asks another host than the pod, so Fairway does not run it. The pod follows the readiness of Kubernetes alone.',
  },
  'probe-port-missing': {
    severity: 'warning',
    doc: 'A readiness probe names a port that its container does not have, so Fairway does not run it.',
  },
  'health-check-unfit': {
    severity: 'warning',
    doc: 'An annotation about health checks does not fit the endpoints: a port that no container has, a path where the probe asks for none, a time that is too long, a name instead of an address. It is ignored.',
  },
  'secret-missing': {
    severity: 'error',
    doc: 'A TLS section names a Secret that does not exist or is not of type kubernetes.io/tls. The last good certificate of the host is served, else the default one.',
  },
  'secret-invalid': {
    severity: 'error',
    doc: 'A Secret holds no usable certificate and key. The last good certificate of the host is served, else the default one.',
  },
  'certificate-name-mismatch': {
    severity: 'error',
    doc: 'A certificate is not for the host. The last good certificate of the host is served, else the default one.',
  },
  'certificate-conflict': {
    severity: 'warning',
    doc: 'Two Ingresses give different certificates for one host. The one of the older Ingress is served.',
  },
  'certificate-expired': { severity: 'error', doc: 'A certificate that is served has expired.' },
  'certificate-expires-soon': {
    severity: 'warning',
    doc: 'A certificate that is served expires in less than 30, 7 or 1 days, as far as that is late for its lifetime.',
  },
  'certificate-not-yet-valid': { severity: 'warning', doc: 'A certificate that is served is not valid yet.' },
  'default-certificate-missing': {
    severity: 'error',
    doc: 'The Secret of --default-ssl-certificate does not exist or is not usable. The last good or a self-signed certificate is served.',
  },
  'tls-host-without-rule': {
    severity: 'warning',
    doc: 'A TLS section names a host that no rule of the Ingress has. It has no effect.',
  },
  'tls-without-host': {
    severity: 'warning',
    doc: 'A TLS section is meant for rules without host. They are served with the default certificate.',
  },
  'config-map-missing': { severity: 'warning', doc: 'The ConfigMap of --configmap does not exist.' },
  'config-map-key': { severity: 'warning', doc: 'A key of the ConfigMap is unknown, wrong, or without effect.' },
  'trusted-proxies-open': {
    severity: 'warning',
    doc: 'X-Forwarded headers of every client are believed, because no addresses of proxies are given. Without a ConfigMap it is a line in the log at the start.',
  },
  'more-diagnostics': { severity: 'warning', doc: 'An object has more diagnostics than are listed one by one.' },
};

/** Found while Fairway runs, not by compiling: see `control/ignored-checks.ts`. */
export type HealthCode = 'all-checks-fail' | 'checks-pass-again';

const healthCodes: Readonly<Record<HealthCode, CodeDefinition>> = {
  'all-checks-fail': {
    severity: 'warning',
    doc: 'The health checks of all endpoints of an upstream fail, so they take none out.',
  },
  'checks-pass-again': {
    severity: 'info',
    doc: 'The health checks of an upstream are followed again after all had failed. Only an Event says so.',
  },
};

/** Every code that the control process reports about objects, for `docs/errors.md`. */
export const diagnosticCodes: Readonly<Record<CompileCode | AnnotationCode | DecodeCode | HealthCode, CodeDefinition>> =
  {
    ...healthCodes,
    ...decodeCodes,
    ...annotationCodes,
    ...compileCodes,
  };
