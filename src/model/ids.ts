/**
 * Branded names, and the only functions that build them. Identity is a tuple written with separators that are illegal
 * in its parts, never a joined string that two objects could share (threats R-6).
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Lower-case exact host, `*.example.com`, or `*` for requests that no other virtual host takes. */
export type HostPattern = Branded<'HostPattern'>;
/** `http` or `https`, later also TCP ports: the name of one listening socket. */
export type ListenerId = Branded<'ListenerId'>;
/** `namespace/service:port`, unique per Service port and policy that shapes the upstream. */
export type UpstreamId = Branded<'UpstreamId'>;
/** `address:port`, unique inside one upstream. IPv6 addresses stand in brackets. */
export type EndpointId = Branded<'EndpointId'>;
/** `namespace/secret@digest`, or `default@digest`: another content is another id. */
export type CertificateId = Branded<'CertificateId'>;
/** `namespace/ingress#host#pathType#path`. */
export type RouteId = Branded<'RouteId'>;

/** The virtual host of requests whose host no rule names. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this file is the one place that brands
export const catchAllHost: HostPattern = '*' as HostPattern;

/** @param host  as in `spec.rules[].host`, absent or empty for every host */
export function hostPattern(host: string | undefined): HostPattern {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this file is the one place that brands
  return host === undefined || host === '' ? catchAllHost : (host.toLowerCase() as HostPattern);
}

/** @param name  `http` or `https` */
export function listenerId(name: string): ListenerId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this file is the one place that brands
  return name as ListenerId;
}

/** @param port  name or number of the Service port, as the Ingress writes it */
export function upstreamId(namespace: string, service: string, port: string): UpstreamId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this file is the one place that brands
  return `${namespace}/${service}:${port}` as UpstreamId;
}

/** @param address  IPv4 or IPv6 address without brackets */
export function endpointId(address: string, port: number): EndpointId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this file is the one place that brands
  return (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`) as EndpointId;
}

/** @param source  `namespace/secret` or `default`; @param digest  of certificate and key, hexadecimal */
export function certificateId(source: string, digest: string): CertificateId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this file is the one place that brands
  return `${source}@${digest}` as CertificateId;
}

/** @param pathType  kind of the path match; @param path  as the rule writes it */
export function routeId(ingress: string, host: HostPattern, pathType: string, path: string): RouteId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this file is the one place that brands
  return `${ingress}#${host}#${pathType}#${path}` as RouteId;
}
