import type { Diagnostic } from '../../model/diagnostic.ts';
import type { HostPattern } from '../../model/ids.ts';
import { keyOf } from '../../model/object-ref.ts';
import type { PathMatch } from '../../model/route.ts';
import { equalData } from '../../model/update.ts';
import { quoted } from '../objects/field-reader.ts';
import type { Metadata } from '../objects/kinds.ts';
import type { Problem } from './diagnostics.ts';
import { diagnose } from './diagnostics.ts';
import type { HostClaim, RouteDraft } from './ingress-plan.ts';
import { matchKey } from './paths.ts';

/** One host after all Ingresses that name it have been heard. */
export interface HostPlan {
  readonly host: HostPattern;
  /** Oldest first. */
  readonly claims: readonly HostClaim[];
  /** In the order in which they are tried. */
  readonly routes: readonly RouteDraft[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Oldest first; equally old ones by `namespace/name`, ascending. Source: the Ingress API leaves it open; the order of
 * creation is what ingress-nginx takes, with ties in the other direction.
 */
export function inAgeOrder<T extends Metadata>(objects: readonly T[]): readonly T[] {
  return objects.toSorted((a, b) => a.createdAt - b.createdAt || compareText(keyOf(a), keyOf(b)));
}

/**
 * Merges what several Ingresses want under one host. For each match the oldest wins, and every loser is told by whom.
 * @param claims        oldest first
 * @param lastFallback  route of `--default-backend-service` for this host, which comes after every other
 */
export function mergeHost(host: HostPattern, claims: readonly HostClaim[], lastFallback?: RouteDraft): HostPlan {
  const winners = new Map<string, RouteDraft>();
  const diagnostics: Diagnostic[] = [];
  for (const draft of claims.flatMap((claim) => claim.routes)) {
    const winner = winners.get(matchKey(draft.match));
    if (winner === undefined) winners.set(matchKey(draft.match), draft);
    else diagnostics.push(diagnose(draft.owner, draft.field, lostPath(host, draft, winner)));
  }
  const fallbacks = claims.flatMap((claim) => claim.fallback ?? []);
  const [fallback, ...others] = fallbacks;
  for (const other of others) {
    if (fallback !== undefined && !equalData(other.action, fallback.action))
      diagnostics.push(diagnose(other.owner, other.field, lostFallback(host, other, fallback)));
  }
  const last = fallback ?? lastFallback;
  if (last !== undefined && !winners.has(matchKey(last.match))) winners.set(matchKey(last.match), last);
  return { host, claims, routes: [...winners.values()].sort(byPrecedence), diagnostics };
}

/**
 * Order in which routes are tried: exact before the others, longer before shorter, whole segments before text, and of
 * those that exclude each other the first in the alphabet, so that equal input gives equal output.
 * Source: Kubernetes Ingress API, "Multiple matches"; nginx takes the longest location.
 */
function byPrecedence(a: RouteDraft, b: RouteDraft): number {
  return comparePaths(a.match, b.match);
}

/** @returns less than 0 when `a` is tried before `b` */
function comparePaths(a: PathMatch, b: PathMatch): number {
  const exactFirst = Number(b.kind === 'exact') - Number(a.kind === 'exact');
  if (exactFirst !== 0) return exactFirst;
  return b.path.length - a.path.length || rank[a.kind] - rank[b.kind] || compareText(a.path, b.path);
}

const rank: Readonly<Record<PathMatch['kind'], number>> = { exact: 0, prefix: 1, 'text-prefix': 2 };

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function lostPath(host: HostPattern, draft: RouteDraft, winner: RouteDraft): Problem {
  const what = `path ${quoted(draft.path)} of ${describeHost(host)} in \`${keyOf(draft.owner)}\` is not served`;
  const same = equalData(draft.action, winner.action);
  if (draft.owner === winner.owner) {
    return {
      code: 'path-duplicate',
      // Both lead to the same backend: nothing is lost.
      severity: same ? 'info' : 'warning',
      what,
      why: `${winner.field} has the same host, path and path type, and stands before it`,
      fix: 'Remove one of the two.',
    };
  }
  return {
    code: 'path-conflict',
    ...(same ? { severity: 'warning' } : {}),
    what,
    why: `Ingress \`${keyOf(winner.owner)}\` has the same host, path and path type, and ${comesFirst(winner, draft)}`,
    fix: 'Change the host or the path in one of the two, or remove it there.',
  };
}

function comesFirst(winner: RouteDraft, loser: RouteDraft): string {
  return winner.createdAt < loser.createdAt ? 'is older' : 'is as old and comes first by name';
}

function lostFallback(host: HostPattern, other: RouteDraft, winner: RouteDraft): Problem {
  return {
    code: 'default-backend-conflict',
    what: `spec.defaultBackend of \`${keyOf(other.owner)}\` gets nothing of ${describeHost(host)}`,
    why: `Ingress \`${keyOf(winner.owner)}\` has a default backend for it as well, and ${comesFirst(winner, other)}`,
    fix: 'Remove one of the two default backends, or write rules.',
  };
}

/** For messages. */
export function describeHost(host: HostPattern): string {
  return host === '*' ? 'hosts that no rule names' : `host ${host}`;
}
