import type { Agent } from 'node:http';

import type { KubeConfig, User } from '@kubernetes/client-node';

import type { Clock } from '../../../lib/clock.ts';
import { messageOf } from '../../../lib/error-text.ts';
import { ApiError } from './api-error.ts';
import type { FileCache } from './file-cache.ts';

/** What TLS needs to know about the server and about us. */
export interface TlsMaterial {
  readonly ca?: Buffer | string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** The same object as long as nothing in it changed. */
  readonly tls: TlsMaterial;
  /** Set when the kubeconfig asks for a proxy to the API server. */
  readonly proxy?: Agent;
}

/** Address of the API server and the right to ask it. Holds secrets: prints as nothing but its address. */
export interface ClusterAccess {
  readonly server: URL;
  /** @throws ApiError `credentials` when a file that is needed has never been readable */
  credentials(): Promise<Credentials>;
  /** The server refused the credentials: read them again for the next request. */
  expire(): void;
}

/** What a `KubeConfig` says, with the files that Kubernetes replaces read by ourselves and in time. */
export class KubeConfigAccess implements ClusterAccess {
  readonly server: URL;
  readonly #config: KubeConfig;
  readonly #files: FileCache;
  readonly #clock: Clock;
  readonly #tokenFile: string;
  #tls: TlsMaterial = {};
  #provided: Provided | undefined;

  // oxlint-disable-next-line eslint/max-params -- one caller, and each is a thing of its own
  constructor(config: KubeConfig, server: URL, files: FileCache, clock: Clock, tokenFile: string) {
    this.#config = config;
    this.server = server;
    this.#files = files;
    this.#clock = clock;
    this.#tokenFile = tokenFile;
  }

  async credentials(): Promise<Credentials> {
    try {
      const user = this.#config.getCurrentUser();
      const provided = await this.#fromProvider(user);
      await this.#refreshTls(user, provided);
      const headers = { ...provided.headers, ...(await this.#ownHeaders(user)) };
      return provided.proxy === undefined
        ? { headers, tls: this.#tls }
        : { headers, tls: this.#tls, proxy: provided.proxy };
    } catch (error) {
      throw new ApiError('credentials', messageOf(error), { cause: error });
    }
  }

  expire(): void {
    this.#files.expire();
    this.#provided = undefined;
  }

  /** Plugins (exec, OpenID Connect) and proxies stay client-node's. Not asked in a pod: it reads files synchronously. */
  async #fromProvider(user: User | null): Promise<Provided> {
    const viaProxy = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    const plugin = this.#tokenFile === '' && (hasValue(user?.exec) || hasValue(user?.authProvider));
    if (!plugin && !viaProxy) return nothingProvided;
    const now = this.#clock.now();
    if (this.#provided !== undefined && now < this.#provided.staleAt) return this.#provided;
    const options: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = {};
    await this.#config.applyToHTTPSOptions(options);
    this.#provided = providedOf(options, viaProxy, now + pluginAgeMs);
    return this.#provided;
  }

  async #ownHeaders(user: User | null): Promise<Record<string, string>> {
    const headers: Record<string, string> = {};
    if (hasValue(user?.impersonateUser)) headers['Impersonate-User'] = user.impersonateUser;
    if (this.#tokenFile !== '') {
      const token = (await this.#files.read(this.#tokenFile)).toString('utf8').trim();
      headers['Authorization'] = `Bearer ${token}`;
    } else if (hasValue(user?.token)) {
      headers['Authorization'] = `Bearer ${user.token}`;
    } else if (hasValue(user?.username)) {
      const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
      headers['Authorization'] = `Basic ${pair}`;
    }
    return headers;
  }

  async #refreshTls(user: User | null, provided: Provided): Promise<void> {
    const cluster = this.#config.getCurrentCluster();
    const next: TlsMaterial = dropAbsent({
      ca: await this.#material(cluster?.caFile, cluster?.caData),
      cert: provided.cert ?? (await this.#material(user?.certFile, user?.certData)),
      key: provided.key ?? (await this.#material(user?.keyFile, user?.keyData)),
      servername: cluster?.tlsServerName,
      rejectUnauthorized: cluster?.skipTLSVerify === true ? false : undefined,
    });
    if (!sameMaterial(this.#tls, next)) this.#tls = next;
  }

  async #material(file: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
    if (hasValue(file)) return this.#files.read(file);
    return hasValue(data) ? Buffer.from(data, 'base64') : undefined;
  }
}

interface Provided {
  readonly headers: Readonly<Record<string, string>>;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly proxy?: Agent;
  readonly staleAt: number;
}

const nothingProvided: Provided = { headers: {}, staleAt: 0 };
const pluginAgeMs = 60_000;

function providedOf(
  options: Parameters<KubeConfig['applyToHTTPSOptions']>[0],
  viaProxy: boolean,
  staleAt: number,
): Provided {
  const authorization: unknown =
    options.headers === undefined ? undefined : Reflect.get(options.headers, 'Authorization');
  return {
    headers: typeof authorization === 'string' ? { Authorization: authorization } : {},
    ...(isMaterial(options.cert) ? { cert: options.cert } : {}),
    ...(isMaterial(options.key) ? { key: options.key } : {}),
    ...(viaProxy && typeof options.agent === 'object' ? { proxy: options.agent } : {}),
    staleAt,
  };
}

function isMaterial(value: unknown): value is Buffer | string {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

/** client-node fills absent fields with `null`, whatever its types say. */
function hasValue<T>(value: T): value is NonNullable<T> {
  return value !== undefined && value !== null && value !== '';
}

function dropAbsent<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the filter removes what T forbids
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as T;
}

function sameMaterial(one: TlsMaterial, other: TlsMaterial): boolean {
  return (
    sameBytes(one.ca, other.ca) &&
    sameBytes(one.cert, other.cert) &&
    sameBytes(one.key, other.key) &&
    one.servername === other.servername &&
    one.rejectUnauthorized === other.rejectUnauthorized
  );
}

function sameBytes(one: Buffer | string | undefined, other: Buffer | string | undefined): boolean {
  if (Buffer.isBuffer(one) && Buffer.isBuffer(other)) return one === other || one.equals(other);
  return one === other;
}
