import { readFileSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';

import { KubeConfig, loadYaml } from '@kubernetes/client-node';

import type { Clock } from '../../../lib/clock.ts';
import { messageOf } from '../../../lib/error-text.ts';
import { OperatorError } from '../../../lib/operator-error.ts';
import type { Settings } from '../../../settings/settings.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { KubeConfigAccess } from './cluster-access.ts';
import { FileCache } from './file-cache.ts';
import { arrayAt, objectAt, textAt } from './json.ts';

/** Where a pod finds the address of its API server. */
export type AccessEnvironment = Readonly<Record<string, string | undefined>>;

export type AccessSettings = Pick<Settings, 'kubeconfig' | 'apiserverHost'>;

/**
 * Who and where the API server is, and as whom we ask: from `--kubeconfig`, else from the pod's service account;
 * `--apiserver-host` replaces the address.
 * @param root  folder that stands for `/`, for tests of the service account
 * @throws OperatorError `source-unavailable` when the settings name no server, or a kubeconfig that cannot be used
 */
export function openClusterAccess(
  settings: AccessSettings,
  clock: Clock,
  environment: AccessEnvironment,
  root = '',
): ClusterAccess {
  const config = loadConfig(settings, environment, root);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw unusable(settings.kubeconfig, whyNoCluster(config));
  const address = settings.apiserverHost === '' ? cluster.server : settings.apiserverHost;
  const server = serverUrl(address);
  // client-node refuses http: unless the cluster says that TLS is not verified; there is nothing to verify.
  config.clusters = config.clusters.map((one) =>
    one.name === cluster.name
      ? { ...one, server: address, skipTLSVerify: one.skipTLSVerify || server.protocol === 'http:' }
      : one,
  );
  return new KubeConfigAccess(config, server, new FileCache(clock), clock, tokenFileOf(settings.kubeconfig, config));
}

function loadConfig(settings: AccessSettings, environment: AccessEnvironment, root: string): KubeConfig {
  if (settings.kubeconfig !== '') return loadFiles(settings.kubeconfig);
  const config = new KubeConfig();
  if (environment['KUBERNETES_SERVICE_HOST'] !== undefined) {
    // The address comes from the environment and not from DNS: an outage of DNS must not cut us from the API server.
    config.loadFromCluster(root);
    return config;
  }
  if (settings.apiserverHost === '') throw noServer();
  config.loadFromClusterAndUser(
    { name: 'host', server: settings.apiserverHost, skipTLSVerify: false },
    { name: 'nobody' },
  );
  return config;
}

/** One file, or several as `KUBECONFIG` may name them: the first that says something wins. */
function loadFiles(paths: string): KubeConfig {
  const merged = new KubeConfig();
  for (const file of paths.split(delimiter).filter((path) => path !== '')) {
    const config = new KubeConfig();
    try {
      config.loadFromFile(file);
    } catch (error) {
      throw unusable(file, messageOf(error), error);
    }
    mergeInto(merged, config);
  }
  return merged;
}

function mergeInto(merged: KubeConfig, config: KubeConfig): void {
  const missing = <T extends { readonly name: string }>(have: readonly T[], more: readonly T[]): T[] => [
    ...have,
    ...more.filter((one) => have.every((known) => known.name !== one.name)),
  ];
  merged.clusters = missing(merged.clusters, config.clusters);
  merged.users = missing(merged.users, config.users);
  merged.contexts = missing(merged.contexts, config.contexts);
  merged.currentContext ||= config.currentContext;
}

/** `tokenFile` of the current user, which client-node does not know. Source: client-go `api.AuthInfo`. */
function tokenFileOf(paths: string, config: KubeConfig): string {
  const provider = objectAt(objectAt(config.getCurrentUser(), 'authProvider'), 'config');
  const own = textAt(provider, 'tokenFile');
  if (own !== '' || paths === '') return own;
  for (const file of paths.split(delimiter).filter((path) => path !== '')) {
    const document: unknown = loadYaml(readFileSync(file, 'utf8'));
    const user = arrayAt(document, 'users').find((one) => textAt(one, 'name') === config.getCurrentUser()?.name);
    const tokenFile = textAt(objectAt(user, 'user'), 'tokenFile');
    if (tokenFile !== '') return resolve(dirname(file), tokenFile);
  }
  return '';
}

function whyNoCluster({ currentContext, contexts }: KubeConfig): string {
  if ((currentContext || '') === '') return 'it has no current-context';
  const context = contexts.find(({ name }) => name === currentContext);
  const names = contexts.slice(0, 5).map(({ name }) => name);
  return context === undefined
    ? `its current-context "${currentContext}" is not among its contexts (${names.join(', ') || 'there is none'})`
    : `the cluster "${context.cluster}" of its current-context "${currentContext}" is missing`;
}

function serverUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '') return url;
  throw new OperatorError({
    code: 'source-unavailable',
    what: 'the API server cannot be asked',
    why: `"${address}" is not an http or https address`,
    fix: 'Write for example https://10.0.0.1:6443 in --apiserver-host or in the kubeconfig',
  });
}

function unusable(file: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError({
    code: 'source-unavailable',
    what: `kubeconfig ${file} cannot be used`,
    why,
    fix: 'Name a file that kubectl takes as well, in --kubeconfig or KUBECONFIG',
    cause,
  });
}

function noServer(): OperatorError {
  return new OperatorError({
    code: 'source-unavailable',
    what: 'no API server is known',
    why: 'neither --kubeconfig nor --apiserver-host is given, and KUBERNETES_SERVICE_HOST is not set as it is in a pod',
    fix: 'Run in a pod, name a kubeconfig with --kubeconfig, or serve a folder of YAML files with --manifests',
  });
}
