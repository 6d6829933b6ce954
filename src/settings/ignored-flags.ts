/** A flag of ingress-nginx, or one that is planned, that Fairway takes so that existing command lines start, and does not act on. */
export interface IgnoredFlag {
  /** `boolean` flags take no separate value. */
  readonly value: 'boolean' | 'text';
  /** `missing`: what the flag asks for is not there yet, which deserves a warning. `meaningless`: nothing is lost. */
  readonly kind: 'meaningless' | 'missing';
  /** One clause after "is ignored:". */
  readonly why: string;
}

const meaningless = (why: string, value: IgnoredFlag['value'] = 'text'): IgnoredFlag => ({
  value,
  kind: 'meaningless',
  why,
});
const missing = (why: string, value: IgnoredFlag['value'] = 'text'): IgnoredFlag => ({ value, kind: 'missing', why });

const noGeoIp = 'Fairway has no GeoIP database';
const noNginx = 'there is no nginx process behind Fairway';
const klog = 'Fairway logs JSON lines; --log-level sets their least level';

/**
 * Flags without the two dashes. Those of ingress-nginx that are not here are settings (`table.ts`) or are translated
 * (`translated-flags.ts`). Source: compat/configmap-and-flags section 2, and the klog flags of client-go.
 */
export const ignoredFlags: Readonly<Record<string, IgnoredFlag>> = {
  'host-ownership': missing('Ingresses of several namespaces on one host are merged, as in ingress-nginx'),
  'panic-threshold': missing(
    'endpoints that are not ready get no requests; failing checks of a whole pool are ignored',
  ),
  'certificate-authority': missing('put the certificate authority of the API server into the kubeconfig'),
  'tcp-services-configmap': missing('TCP services are not supported yet'),
  'udp-services-configmap': missing('UDP services are not supported yet'),
  'enable-ssl-passthrough': missing('TLS passthrough is not supported yet', 'boolean'),
  'validating-webhook': missing('the admission webhook is not there yet'),
  'validating-webhook-certificate': missing('the admission webhook is not there yet'),
  'validating-webhook-key': missing('the admission webhook is not there yet'),
  'enable-ssl-chain-completion': missing(
    'chains are served as the Secret has them; put the intermediate certificates into it',
    'boolean',
  ),
  'health-check-path': missing('the admin listener always answers /healthz, /livez and /readyz'),
  'metrics-per-undefined-host': missing('only hosts that an Ingress names become a label', 'boolean'),
  'exclude-socket-metrics': missing('all metrics are always there'),
  'bucket-factor': missing('native histograms are not supported yet'),
  'max-buckets': missing('native histograms are not supported yet'),

  'sync-period': meaningless('the watch is checked against the API server by itself'),
  'sync-rate-limit': meaningless('there are no reloads to limit'),
  'dynamic-configuration-retries': meaningless('updates reach the data workers over a channel that loses nothing'),
  profiling: meaningless('there are no debug endpoints, for safety', 'boolean'),
  'profiler-port': meaningless('there are no debug endpoints, for safety'),
  'health-check-timeout': meaningless('the admin listener answers by itself and asks nobody'),
  'election-ttl': meaningless('the Lease is valid for 15 seconds'),
  'update-status-on-shutdown': meaningless('the next leader writes the status', 'boolean'),
  'status-update-interval': meaningless('the status is written when it changes'),
  'disable-svc-external-name': meaningless('it is off unless --enable-external-name is given', 'boolean'),
  'enable-annotation-validation': meaningless('annotations are always validated', 'boolean'),
  'deep-inspect': meaningless('annotations are always validated, and never become program text', 'boolean'),
  'disable-full-test': meaningless('there is no template to test', 'boolean'),
  'disable-sync-events': meaningless('there are no Sync Events', 'boolean'),
  'monitor-max-batch-size': meaningless('metrics are counted in place'),
  'ssl-passthrough-proxy-port': meaningless(noNginx),
  'default-server-port': meaningless(noNginx),
  'status-port': meaningless(noNginx),
  'stream-port': meaningless(noNginx),
  'internal-logger-address': meaningless(noNginx),
  'post-shutdown-grace-period': meaningless('Fairway ends as soon as the last request has'),
  'maxmind-mirror': meaningless(noGeoIp),
  'maxmind-license-key': meaningless(noGeoIp),
  'maxmind-edition-ids': meaningless(noGeoIp),
  'maxmind-retries-count': meaningless(noGeoIp),
  'maxmind-retries-timeout': meaningless(noGeoIp),

  v: meaningless(klog),
  vmodule: meaningless(klog),
  logtostderr: meaningless(klog, 'boolean'),
  alsologtostderr: meaningless(klog, 'boolean'),
  stderrthreshold: meaningless(klog),
  'log-dir': meaningless(klog),
  'log-file': meaningless(klog),
  'log-file-max-size': meaningless(klog),
  'log-backtrace-at': meaningless(klog),
  'add-dir-header': meaningless(klog, 'boolean'),
  'one-output': meaningless(klog, 'boolean'),
  'skip-headers': meaningless(klog, 'boolean'),
  'skip-log-headers': meaningless(klog, 'boolean'),
};
