import { isIP } from 'node:net';

import type { SettingProblem } from './problem.ts';
import type { SettingName, Settings } from './settings.ts';
import { settingsTable } from './table.ts';

/** Time that is kept between the end of the drain and the kill by the kubelet. Source: drain.md section 7. */
const shutdownMarginMs = 10_000;

/** What cannot be said of one setting alone. Each check gives one problem or none. */
export function checkTogether(settings: Settings, written: ReadonlySet<SettingName>): SettingProblem[] {
  const checks = [shutdownFits(settings), oneSource(written), portsDiffer(settings), namespacesOnce(settings)];
  return checks.filter((problem) => problem !== undefined);
}

/** What a setting's kind does not check because it is only text. @param where  as the user wrote it */
export function checkText(name: SettingName, settings: Settings, where: string): SettingProblem | undefined {
  if (name === 'sslProtocols') return protocolsKnown(settings.sslProtocols, where);
  if (name === 'proxyNextUpstream') return conditionsKnown(settings.proxyNextUpstream, where);
  if (name === 'proxyRealIpCidr') return cidrsRight(settings.proxyRealIpCidr, where);
  return undefined;
}

function shutdownFits(settings: Settings): SettingProblem | undefined {
  const { shutdownLameduckMs: lameduck, shutdownDrainMs: drain, terminationGracePeriodMs: grace } = settings;
  const needed = lameduck + drain + shutdownMarginMs;
  if (grace === 0 || needed <= grace) return undefined;
  return {
    severity: 'error',
    where: '--termination-grace-period',
    what: `The shutdown does not fit into ${grace / 1000} seconds`,
    why:
      `--shutdown-lameduck ${lameduck / 1000} s, --shutdown-drain ${drain / 1000} s and ` +
      `${shutdownMarginMs / 1000} s for the end are ${needed / 1000} s, and then the kubelet kills what is left`,
    fix: `Set terminationGracePeriodSeconds to ${needed / 1000} or more, or shorten the two.`,
  };
}

function oneSource(written: ReadonlySet<SettingName>): SettingProblem | undefined {
  if (!written.has('manifests')) return undefined;
  const cluster = (['kubeconfig', 'apiserverHost'] as const).filter((name) => written.has(name));
  if (cluster.length === 0) return undefined;
  const flags = cluster.map((name) => `--${settingsTable[name].flag}`).join(' and ');
  return {
    severity: 'error',
    where: '--manifests',
    what: `--manifests and ${flags} exclude each other`,
    why: 'objects come either from a folder or from an API server',
    fix: 'Remove one of them.',
  };
}

function portsDiffer(settings: Settings): SettingProblem | undefined {
  const ports = (['httpPort', 'httpsPort', 'healthzPort'] as const).filter((name) => settings[name] !== 0);
  const pair = ports.flatMap((name, at) =>
    ports.slice(at + 1).flatMap((other) => (settings[name] === settings[other] ? [[name, other] as const] : [])),
  )[0];
  if (pair === undefined) return undefined;
  const [first, second] = pair;
  // The admin listener may share a number when it has an address of its own.
  const ownAddress = settings.healthzHost !== '' && settings.healthzHost !== settings.listenAddress;
  if (second === 'healthzPort' && ownAddress && settings.listenAddress !== '') return undefined;
  const [left, right] = [settingsTable[first].flag, settingsTable[second].flag];
  return {
    severity: 'error',
    where: `--${right}`,
    what: `--${left} and --${right} are both ${settings[first]}`,
    why: 'each listener needs a port of its own',
    fix: `Give --${right} another port.`,
  };
}

function namespacesOnce(settings: Settings): SettingProblem | undefined {
  if (settings.watchNamespaces.length === 0 || settings.watchNamespaceSelector === '') return undefined;
  return {
    severity: 'error',
    where: '--watch-namespace-selector',
    what: '--watch-namespace-selector has no effect beside --watch-namespace',
    why: 'a selector chooses among all namespaces',
    fix: 'Remove one of the two.',
  };
}

function protocolsKnown(value: string, where: string): SettingProblem | undefined {
  const wrong = words(value).filter((version) => version !== 'TLSv1.2' && version !== 'TLSv1.3');
  if (wrong.length === 0 && words(value).length > 0) return undefined;
  return {
    severity: 'error',
    where,
    what: `${where} is not as written`,
    why: wrong.length === 0 ? 'it names no TLS version' : `"${wrong.join(' ')}" is not TLSv1.2 or TLSv1.3`,
    fix: 'Write TLSv1.2, TLSv1.3, or both with a space between; older versions are not safe.',
  };
}

/** Source: nginx, proxy_next_upstream. */
const conditions: readonly string[] = (
  'error timeout invalid_header non_idempotent updating off ' +
  'http_500 http_502 http_503 http_504 http_403 http_404 http_429'
).split(' ');

function conditionsKnown(value: string, where: string): SettingProblem | undefined {
  const wrong = words(value).filter((condition) => !conditions.includes(condition));
  if (wrong.length === 0) return undefined;
  return {
    severity: 'error',
    where,
    what: `${where} is not as written`,
    why: `"${wrong.join(' ')}" is not a condition of proxy_next_upstream`,
    fix: `Write some of ${conditions.join(', ')}, with spaces between.`,
  };
}

function cidrsRight(values: readonly string[], where: string): SettingProblem | undefined {
  const wrong = values.filter((value) => !isCidr(value));
  if (wrong.length === 0) return undefined;
  return {
    severity: 'error',
    where,
    what: `${where} is not as written`,
    why: `"${wrong.join(',')}" is not an address or a CIDR block`,
    fix: 'Write for example 10.0.0.0/8,2001:db8::/32.',
  };
}

function isCidr(value: string): boolean {
  const [address = '', bits] = value.split('/');
  const family = isIP(address);
  if (family === 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function words(value: string): string[] {
  return value.split(/\s+/).filter((word) => word !== '');
}
