import { compilePattern } from '../../../lib/linear-pattern.ts';
import type { Canary, CanaryHeader } from '../../../model/canary.ts';
import type { AnnotationGroup, CanaryWish, MeaningProblem } from '../definition.ts';
import { defineGroup } from '../definition.ts';
import { characters, choice, flag, textOf, wholeNumber } from '../value-kind.ts';

interface Values {
  readonly enabled: boolean;
  readonly weight: number;
  readonly weightTotal: number;
  readonly header: string;
  readonly headerValue: string;
  readonly headerPattern: string;
  readonly cookie: string;
  readonly sessions: Canary['sessions'];
  readonly scope: CanaryWish['scope'];
}

/** Names of header fields and cookies: what `BasicCharsRegex` of ingress-nginx and the grammar of tokens both allow. */
const token = /^[-._~a-zA-Z0-9]*$/;
const names = 'letters, digits and - . _ ~';
/** `BasicCharsRegex` with spaces, and `IsValidRegex`. */
const valueCharacters = /^[-/._~a-zA-Z0-9: ]*$/;
const patternCharacters = /^[-/._~a-zA-Z0-9:^$[\](){}*+?|&=\\]*$/;

/** Largest weight and total: more than anybody counts. */
const most = 1_000_000_000;

/** An Ingress whose Services take a part of the requests of another Ingress. */
export const canary: AnnotationGroup = defineGroup<Values>({
  title: 'Canary',
  annotations: {
    enabled: {
      key: 'canary',
      value: flag(),
      scope: 'path',
      risk: 'low',
      doc: 'true: the Ingress serves nothing by itself. Its Services take a part of the requests of the Ingress with the same host, path and path type. Of its other annotations those count that act on upstreams.',
      example: 'true',
      deviation: 'Only rules of its own namespace. Any number of them on one rule, up to 16, the oldest first.',
    },
    weight: {
      key: 'canary-weight',
      value: wholeNumber(0, most),
      scope: 'path',
      risk: 'low',
      doc: 'So many of 100 requests, or of canary-weight-total, go to the canary, decided for each request. Several canaries of one rule add up.',
      example: '10',
    },
    weightTotal: {
      key: 'canary-weight-total',
      value: wholeNumber(0, most),
      scope: 'path',
      risk: 'low',
      doc: 'What canary-weight counts against; 100 if absent or less.',
      example: '1000',
    },
    header: {
      key: 'canary-by-header',
      value: characters(token, names),
      scope: 'path',
      risk: 'medium',
      doc: 'Name of a header: with the value always a request goes to the canary, with never it does not. Anything else leaves it to canary-by-cookie, then to the weight.',
      example: 'X-Canary',
    },
    headerValue: {
      key: 'canary-by-header-value',
      value: textOf(valueCharacters, 'letters, digits, spaces and - . _ ~ / :'),
      scope: 'path',
      risk: 'medium',
      doc: 'Requests with exactly this value of canary-by-header go to the canary; always and never lose their meaning.',
      example: 'DoCanary',
    },
    headerPattern: {
      key: 'canary-by-header-pattern',
      value: textOf(
        patternCharacters,
        'a regular expression of letters, digits and - . _ ~ / : ^ $ [ ] ( ) { } * + ? | & = \\',
      ),
      scope: 'path',
      risk: 'medium',
      doc: 'Requests whose value of canary-by-header matches this regular expression somewhere go to the canary. canary-by-header-value comes before it.',
      example: '^Do[A-Z][a-z]+y$',
      deviation:
        'Runs in linear time: no look-around, back-references, possessive quantifiers, \\b and classes with names. A value of more than 2048 characters does not match.',
    },
    cookie: {
      key: 'canary-by-cookie',
      value: characters(token, names),
      scope: 'path',
      risk: 'medium',
      doc: 'Name of a cookie: with the value always a request goes to the canary, with never it does not. Anything else leaves it to the weight.',
      example: 'canary',
    },
    sessions: {
      key: 'affinity-canary-behavior',
      value: choice(['sticky', 'legacy']),
      scope: 'path',
      risk: 'low',
      doc: 'On a canary Ingress, when the other one has session affinity. sticky: sessions that begin at the canary stay there. legacy: answers of the canary begin no session. Sessions of the other Ingress stay there either way.',
      example: 'legacy',
    },
    scope: {
      key: 'canary-scope',
      own: true,
      value: choice(['rule', 'service']),
      scope: 'path',
      risk: 'low',
      doc: 'rule: the canary takes requests of the rule with its host, path and path type alone. service: of every rule in its namespace that leads to the same Service and port, as in ingress-nginx.',
      example: 'service',
    },
  },
  meaning: (values) => {
    const problems = [...problemsOf(values), ...(values.enabled === true ? [] : leftovers(values))];
    const header = values.enabled === true ? headerOf(values, problems) : undefined;
    return {
      ...(values.enabled === true && { canary: wishOf(values, header) }),
      ...(problems.length > 0 && { problems }),
    };
  },
});

function wishOf(
  { weight = 0, weightTotal = 100, cookie = '', sessions, scope }: Partial<Values>,
  header: CanaryHeader | undefined,
): CanaryWish {
  return {
    weight,
    weightTotal: Math.max(100, weightTotal),
    ...(header !== undefined && { header }),
    ...(cookie !== '' && { cookie: cookie.toLowerCase() }),
    sessions: sessions ?? 'sticky',
    scope: scope ?? 'rule',
  };
}

/** nginx knows headers by variables, in whose names - is _. */
function headerOf(
  { header = '', headerValue, headerPattern }: Partial<Values>,
  problems: MeaningProblem[],
): CanaryHeader | undefined {
  if (header === '') return undefined;
  const name = header.toLowerCase().replaceAll('_', '-');
  if (headerValue !== undefined) return { name, rule: { kind: 'value', value: headerValue } };
  if (headerPattern === undefined) return { name, rule: { kind: 'words' } };
  const compiled = compilePattern(headerPattern);
  if (compiled.ok) return { name, rule: { kind: 'pattern', pattern: headerPattern } };
  problems.push({
    key: 'canary-by-header-pattern',
    why: `requests with the header ${header} do not go to the canary, because the regular expression cannot be used: ${compiled.why}`,
    fix: 'Write one that runs in linear time, or use canary-by-header-value.',
    outcome: 'invalid',
  });
  return { name, rule: { kind: 'never' } };
}

function problemsOf({ weightTotal, header = '', headerValue, headerPattern }: Partial<Values>): MeaningProblem[] {
  const ignored = (key: string, why: string, fix: string): MeaningProblem => ({ key, why, fix, outcome: 'ignored' });
  const add = 'Add canary-by-header with the name of the header, or remove this one.';
  return [
    ...(weightTotal !== undefined && weightTotal < 100
      ? [ignored('canary-weight-total', 'weights count against 100 at least', 'Write 100 or more.')]
      : []),
    ...(header === '' && headerValue !== undefined
      ? [ignored('canary-by-header-value', 'canary-by-header does not say of which header', add)]
      : []),
    ...(header === '' && headerPattern !== undefined
      ? [ignored('canary-by-header-pattern', 'canary-by-header does not say of which header', add)]
      : []),
    ...(header !== '' && headerValue !== undefined && headerPattern !== undefined
      ? [ignored('canary-by-header-pattern', 'canary-by-header-value comes before it', 'Remove one of the two.')]
      : []),
  ];
}

/** Without "true" it is an ordinary Ingress for ingress-nginx as well. @returns one problem when more seems meant */
function leftovers({
  weight = 0,
  header,
  headerValue,
  headerPattern,
  cookie,
  ...rest
}: Partial<Values>): MeaningProblem[] {
  const found = Object.entries({
    'canary-weight': weight > 0 || undefined,
    'canary-by-header': header,
    'canary-by-header-value': headerValue,
    'canary-by-header-pattern': headerPattern,
    'canary-by-cookie': cookie,
  }).find(([, value]) => value !== undefined);
  if (found === undefined) return withoutCanary(rest);
  return [
    {
      key: found[0],
      why: 'canary is not "true", so this is an ordinary Ingress, which competes with others for its paths',
      fix: 'Add the annotation canary with the value "true", or take all its canary annotations off.',
      outcome: 'invalid',
    },
  ];
}

function withoutCanary({ sessions, scope, weightTotal }: Partial<Values>): MeaningProblem[] {
  const found = { 'affinity-canary-behavior': sessions, 'canary-scope': scope, 'canary-weight-total': weightTotal };
  return Object.entries(found)
    .filter(([, value]) => value !== undefined)
    .map(([key]) => ({
      key,
      why: 'it belongs on an Ingress with canary "true"',
      fix: 'Write it there, or remove it.',
      outcome: 'ignored',
    }));
}
