import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compilePattern, textLimit } from '../../../src/lib/linear-pattern.ts';

function matches(pattern: string, text: string): boolean {
  const compiled = compilePattern(pattern);
  assert.ok(compiled.ok, pattern);
  return compiled.pattern.test(text);
}

function why(pattern: string): string {
  const compiled = compilePattern(pattern);
  return compiled.ok ? '' : compiled.why;
}

test('a pattern matches anywhere unless it is anchored', () => {
  assert.ok(matches('anar', 'DoCanary'));
  assert.ok(matches('^Do[A-Z][a-z]+y$', 'DoCanary'));
  assert.ok(!matches('^Do[A-Z][a-z]+y$', 'Docanary'));
  assert.ok(!matches('^Do[A-Z][a-z]+y$', 'DoCanary '));
  assert.ok(matches('', 'anything'));
  assert.ok(matches('^$', ''));
});

test('as PCRE reads it: a first ] and a lone brace are characters, a leading (?i) takes both cases', () => {
  assert.ok(matches('^[]a]+$', 'a]a'));
  assert.ok(matches('^a{b}$', 'a{b}'));
  assert.ok(matches('^a{x$', 'a{x'));
  assert.ok(matches('(?i)^[a-c]x$', 'BX'));
  assert.ok(!matches('^[a-c]x$', 'BX'));
});

test('what would need backtracking, or is none, is refused with the reason', () => {
  for (const [pattern, reason] of [
    ['[][**da?$&*', /\[ has no \]/],
    ['(a', /\( has no \)/],
    ['a)', /no \( before/],
    ['*a', /nothing stands before/],
    ['a**', /two quantifiers/],
    ['a*+', /possessive/],
    ['(?=a)', /look around/],
    ['(?<n>a)', /look around/],
    ['(a)\\1', /\\1 is not there/],
    ['\\bword', /\\b is not there/],
    ['[[:alpha:]]', /classes with names/],
    ['a{3,2}', /ends before/],
    ['a{1000}', /more than 100/],
    ['((a{90}){90}){90}', /too large/],
    ['(((){100}){100}){100}', /too large/],
    ['^*', /cannot be repeated/],
    ['[b-a]', /range/],
    ['a\\', /ends with a backslash/],
    ['a'.repeat(513), /longer than 512/],
    ['\u00e4', /printable ASCII/],
  ] as const) {
    assert.match(why(pattern), reason, pattern);
  }
});

test('patterns and texts that stop a backtracking engine for minutes take milliseconds', () => {
  for (const pattern of [
    '^(a+)+$',
    '(a|a)*$',
    '^(.*)*x$',
    '(.*)(.*)(.*)(.*)y',
    `^${'(a?)'.repeat(40)}$`,
    '(a{0,60}){2}b',
  ]) {
    const compiled = compilePattern(pattern);
    assert.ok(compiled.ok, pattern);
    const before = process.cpuUsage().user;
    compiled.pattern.test(`${'a'.repeat(textLimit - 1)}!`);
    assert.ok(process.cpuUsage().user - before < 1_000_000, `${pattern} took ${process.cpuUsage().user - before} us`);
  }
  assert.ok(!matches('a', 'a'.repeat(textLimit + 1)), 'a longer text matches nothing');
});
