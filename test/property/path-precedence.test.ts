import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { compile } from '../../src/control/compile/compile.ts';
import type { IngressPath } from '../../src/control/objects/kinds.ts';
import { ObjectStore } from '../../src/control/objects/object-store.ts';
import type { PathMatch, Route } from '../../src/model/route.ts';
import { defaultSettings } from '../../src/settings/table-access.ts';
import { ingress, ownClass } from '../support/compile-objects.ts';

const segments = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 2 });
const rulePath = fc
  .tuple(segments, fc.boolean())
  .map(([parts, slash]) => (parts.length === 0 ? '/' : `/${parts.join('/')}${slash ? '/' : ''}`));
const pathTypes = fc.constantFrom<IngressPath['pathType'][]>('Exact', 'Prefix', 'ImplementationSpecific');
const rules = fc.array(fc.tuple(rulePath, pathTypes), { minLength: 1, maxLength: 8 });

/** Two Ingresses with these paths; each path leads to a Service of its own. */
function routesOf(first: readonly Rule[], second: readonly Rule[]): readonly Route[] {
  const store = new ObjectStore();
  store.upsert(ownClass);
  [first, second].forEach((paths, at) =>
    store.upsert(
      ingress(`ingress-${at}`, {
        rules: [
          {
            host: 'x.example.com',
            paths: paths.map(([path, pathType], pathAt) => ({
              path,
              pathType,
              backend: { kind: 'service', name: `s-${at}-${pathAt}`, port: 80 },
            })),
          },
        ],
      }),
    ),
  );
  const input = { objects: store, settings: defaultSettings(), version: 1, nowSeconds: 0, publishedAddresses: [] };
  return [...compile(input).snapshot.virtualHosts.values()][0]?.routes ?? [];
}

type Rule = readonly [path: string, pathType: IngressPath['pathType']];

/** Written after the words of the Ingress API, without looking at the order of routes. */
function matches({ kind, path }: PathMatch, request: string): boolean {
  if (kind === 'exact') return request === path;
  if (kind === 'text-prefix') return request.startsWith(path);
  const wanted = path.split('/').filter((part) => part !== '');
  const given = request.split('/').filter((part) => part !== '');
  return wanted.every((part, at) => given[at] === part);
}

test('the first route that matches is the most precise one', () => {
  fc.assert(
    fc.property(rules, rules, fc.nat(), fc.constantFrom('', '/', 'x', '/x'), (first, second, pick, end) => {
      const [path] = [...first, ...second][pick % (first.length + second.length)] ?? ['/'];
      const request = `${path.replace(/\/$/, '')}${end}` || '/';
      const routes = routesOf(first, second);
      const taken = routes.find(({ match }) => matches(match, request));
      const all = routes.filter(({ match }) => matches(match, request));
      if (taken === undefined) return;
      if (all.some(({ match }) => match.kind === 'exact')) return assert.equal(taken.match.kind, 'exact');
      const longest = Math.max(...all.map(({ match }) => match.path.length));
      assert.equal(taken.match.path.length, longest);
      const equallyLong = all.filter(({ match }) => match.path.length === longest);
      if (equallyLong.some(({ match }) => match.kind === 'prefix')) assert.equal(taken.match.kind, 'prefix');
    }),
    { numRuns: 500 },
  );
});

test('of equal matches the one of the first Ingress is served', () => {
  fc.assert(
    fc.property(rules, rules, (first, second) => {
      const alone = routesOf(first, []);
      const together = routesOf(first, second);
      for (const route of alone) assert.ok(together.some((other) => other.id === route.id));
    }),
    { numRuns: 200 },
  );
});
