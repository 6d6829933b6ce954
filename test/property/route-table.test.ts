import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { PathMatch } from '../../src/model/route.ts';
import { RouteTable } from '../../src/proxy/routing/route-table.ts';

const segments = fc.array(fc.constantFrom('a', 'ab', 'b', 'b-c', 'c'), { maxLength: 4 });
const rulePaths = fc
  .tuple(segments, fc.constantFrom('', '/'))
  .map(([parts, end]) => `/${parts.join('/')}${parts.length === 0 ? '' : end}`);
const matches: fc.Arbitrary<PathMatch> = fc.record({
  kind: fc.constantFrom<PathMatch['kind']>('exact', 'prefix', 'text-prefix'),
  path: rulePaths,
});

/** The documented order, by trying one rule after the other. */
function slowly(rules: readonly PathMatch[], path: string): string {
  const exact = rules.findIndex((rule) => rule.kind === 'exact' && rule.path === path);
  if (exact !== -1) return `${exact}`;
  const bare = (rule: PathMatch): string => (rule.path.endsWith('/') ? rule.path.slice(0, -1) : rule.path);
  const named = longest(rules, (rule) => rule.kind !== 'exact' && rule.path === path);
  if (named !== -1) return `${named}`;
  const slash = longest(rules, (rule) => rule.path.length > 1 && rule.path === `${path}/`);
  if (slash !== -1) return `${slash} with slash`;
  const found = longest(rules, (rule) => {
    if (rule.kind === 'exact') return false;
    if (rule.kind === 'text-prefix') return path.startsWith(rule.path);
    return path === bare(rule) || path.startsWith(`${bare(rule)}/`);
  });
  return found === -1 ? 'none' : `${found}`;
}

function longest(rules: readonly PathMatch[], takes: (rule: PathMatch) => boolean): number {
  let best = -1;
  rules.forEach((rule, at) => {
    if (takes(rule) && (best === -1 || rule.path.length > (rules[best]?.path.length ?? 0))) best = at;
  });
  return best;
}

test('the table finds what trying every rule in turn finds', () => {
  fc.assert(
    fc.property(fc.array(matches, { maxLength: 12 }), rulePaths, (rules, path) => {
      const table = new RouteTable(rules.map((match, at) => ({ match, value: at })));
      const hit = table.find(path);
      const found = hit === undefined ? 'none' : `${hit.value}${hit.slashMissing ? ' with slash' : ''}`;
      assert.equal(found, slowly(rules, path));
    }),
    { numRuns: 5000 },
  );
});
