import type { UpstreamId } from '../../model/ids.ts';
import { upstreamId } from '../../model/ids.ts';
import type { MirrorPolicy } from '../../model/policy.ts';
import type { MirrorWish } from '../annotations/definition.ts';
import { quoted } from '../objects/field-reader.ts';
import type { Problem } from './diagnostics.ts';
import { checkExternalName } from './external-names.ts';

/** Where the copies of an Ingress go. */
export type MirrorPlan =
  | { readonly kind: 'service'; readonly policy: MirrorPolicy; readonly service: MirrorService }
  | { readonly kind: 'name'; readonly policy: MirrorPolicy }
  | { readonly kind: 'refused'; readonly problem: Problem };

/** Service port of the own namespace that copies go to. */
export interface MirrorService {
  readonly upstream: UpstreamId;
  readonly name: string;
  readonly port: number;
}

/**
 * A name of a Service in the own namespace becomes an upstream, so that copies are balanced like requests and need no
 * DNS; any other name must lie outside of the cluster.
 * @param namespace  of the Ingress
 * Source: threats R-70; Kubernetes, DNS for Services and Pods.
 */
export function planMirror(
  wish: MirrorWish,
  ingress: { readonly namespace: string; readonly name: string },
): MirrorPlan {
  const { scheme, name, port, path, body } = wish;
  const common = { path, host: wish.host ?? hostOf(wish), body };
  const service = ownService(name, ingress.namespace);
  if (service !== undefined) {
    const upstream = upstreamId(ingress.namespace, service, `${port}`);
    const policy: MirrorPolicy = { target: { kind: 'upstream', scheme, upstream }, ...common };
    return { kind: 'service', policy, service: { upstream, name: service, port } };
  }
  const check = checkExternalName(name, ingress.namespace);
  if (check.kind === 'refused') return { kind: 'refused', problem: refused(ingress, check.why) };
  return { kind: 'name', policy: { target: { kind: 'name', scheme, name: check.absolute, port }, ...common } };
}

/** As clients write it: without the usual port. */
function hostOf({ scheme, name, port }: MirrorWish): string {
  return port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`;
}

/** `service.namespace.svc`, `service.namespace.svc.cluster.local` and the same under another domain. */
function ownService(name: string, namespace: string): string | undefined {
  const [service, space, svc] = name.toLowerCase().replace(/\.$/, '').split('.');
  return space === namespace && svc === 'svc' ? service : undefined;
}

function refused({ namespace, name }: { readonly namespace: string; readonly name: string }, why: string): Problem {
  return {
    code: 'mirror-refused',
    what: `requests of ${quoted(`${namespace}/${name}`)} are served without being mirrored`,
    why: `the target of mirror-target ${why}`,
    fix: `Write a Service of the own namespace, for example "http://shadow.${namespace}.svc.cluster.local", or a host outside of the cluster.`,
  };
}
