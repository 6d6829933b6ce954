/**
 * Parser for the part of Go's text/template language that the chart uses, so that the chart can be rendered and tested
 * where there is no helm. `make test-cluster` compares the result with the real helm's.
 * Source: Go text/template, "Actions", "Pipelines".
 */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | { readonly kind: 'assign'; readonly name: string; readonly declare: boolean; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if';
      readonly condition: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: 'with';
      readonly value: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: 'range';
      readonly names: readonly string[];
      readonly value: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** Commands joined by `|`; each is an operand or a function with operands. */
export type Pipeline = readonly (readonly Operand[])[];

export type Operand =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | undefined }
  | { readonly kind: 'function'; readonly name: string }
  /** `variable` empty: the dot. */
  | { readonly kind: 'path'; readonly variable: string; readonly fields: readonly string[] }
  | { readonly kind: 'group'; readonly pipeline: Pipeline; readonly fields: readonly string[] };

export interface ParsedFile {
  readonly nodes: readonly Node[];
  readonly definitions: ReadonlyMap<string, readonly Node[]>;
}

interface Action {
  readonly text: string;
  readonly action: boolean;
}

/** @throws Error with the file's name for what is outside the supported language */
export function parseTemplate(name: string, source: string): ParsedFile {
  const actions = split(source);
  const definitions = new Map<string, readonly Node[]>();
  let at = 0;

  function block(ends: readonly string[]): { nodes: Node[]; end: string } {
    const nodes: Node[] = [];
    while (at < actions.length) {
      const current = actions[at];
      at += 1;
      if (current === undefined) break;
      if (!current.action) {
        if (current.text !== '') nodes.push({ kind: 'text', text: current.text });
        continue;
      }
      const word = /^\w+/.exec(current.text)?.[0] ?? '';
      if (ends.includes(word)) return { nodes, end: current.text };
      const node = statement(word, current.text.slice(word.length).trim(), current.text);
      if (node !== undefined) nodes.push(node);
    }
    if (ends.length > 0) throw new Error(`${name}: {{ end }} is missing`);
    return { nodes, end: '' };
  }

  function branches(): { body: readonly Node[]; otherwise: readonly Node[] } {
    const first = block(['end', 'else']);
    if (first.end === 'end') return { body: first.nodes, otherwise: [] };
    const condition = /^else\s+if\s+(.*)$/s.exec(first.end)?.[1];
    if (condition === undefined) return { body: first.nodes, otherwise: block(['end']).nodes };
    return { body: first.nodes, otherwise: [{ kind: 'if', condition: parsePipeline(condition), ...branches() }] };
  }

  function statement(word: string, rest: string, whole: string): Node | undefined {
    if (word === 'define') {
      definitions.set(rest.replaceAll('"', ''), block(['end']).nodes);
      return undefined;
    }
    if (word === 'if') return { kind: 'if', condition: parsePipeline(rest), ...branches() };
    if (word === 'with') return { kind: 'with', value: parsePipeline(rest), ...branches() };
    if (word === 'range') return range(rest);
    const assignment = /^\$(\w+)\s*(:?=)\s*(.*)$/s.exec(whole);
    if (assignment === null) return { kind: 'output', pipeline: parsePipeline(whole) };
    const [, variable = '', operator, value = ''] = assignment;
    return { kind: 'assign', name: variable, declare: operator === ':=', pipeline: parsePipeline(value) };
  }

  function range(rest: string): Node {
    const match = /^\$(\w+)(?:\s*,\s*\$(\w+))?\s*:=\s*(.*)$/s.exec(rest);
    const names = match === null ? [] : [match[1], match[2]].filter((one) => one !== undefined);
    const { body, otherwise } = branches();
    return { kind: 'range', names, value: parsePipeline(match?.[3] ?? rest), body, otherwise };
  }

  return { nodes: block([]).nodes, definitions };
}

/** Text and actions in turn, with white space cut where `{{-` and `-}}` say so; comments are gone. */
function split(source: string): Action[] {
  const found: Action[] = [];
  let trimNext = false;
  let last = 0;
  for (const match of source.matchAll(/\{\{(-?)\s*(.*?)\s*(-?)\}\}/gs)) {
    let text = source.slice(last, match.index);
    if (trimNext) text = text.trimStart();
    if (match[1] === '-') text = text.trimEnd();
    found.push({ text, action: false });
    const body = match[2] ?? '';
    if (!body.startsWith('/*')) found.push({ text: body, action: true });
    trimNext = match[3] === '-';
    last = match.index + match[0].length;
  }
  const rest = source.slice(last);
  found.push({ text: trimNext ? rest.trimStart() : rest, action: false });
  return found;
}

const token = /\s*(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)|(\$?[\w]*(?:\.\w+)+|\$\w*|\.)|(\w+)|([()|]))/y;

function parsePipeline(source: string): Pipeline {
  token.lastIndex = 0;
  const pipeline = commands(source);
  if (source.slice(token.lastIndex).trim() !== '') throw new Error(`cannot read "${source}"`);
  return pipeline;
}

function commands(source: string): Pipeline {
  const all: Operand[][] = [[]];
  while (token.lastIndex < source.trimEnd().length) {
    const start = token.lastIndex;
    const match = token.exec(source);
    if (match === null) throw new Error(`cannot read "${source.slice(start)}"`);
    const [, quoted, digits, path, word, mark] = match;
    if (mark === ')') {
      token.lastIndex = start;
      break;
    }
    if (mark === '|') all.push([]);
    else all.at(-1)?.push(mark === '(' ? group(source) : operand(quoted, digits, path, word));
  }
  return all;
}

function group(source: string): Operand {
  const pipeline = commands(source);
  const close = token.exec(source);
  if (close?.[5] !== ')') throw new Error(`")" is missing in "${source}"`);
  const fields = /^(?:\.\w+)+/.exec(source.slice(token.lastIndex))?.[0] ?? '';
  token.lastIndex += fields.length;
  return { kind: 'group', pipeline, fields: fields.split('.').filter((field) => field !== '') };
}

function operand(quoted?: string, digits?: string, path?: string, word?: string): Operand {
  if (quoted !== undefined) return { kind: 'literal', value: String(JSON.parse(quoted)) };
  if (digits !== undefined) return { kind: 'literal', value: Number(digits) };
  if (path !== undefined) {
    const [head = '', ...fields] = path.split('.');
    return { kind: 'path', variable: head, fields: fields.filter((field) => field !== '') };
  }
  if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' };
  if (word === 'nil') return { kind: 'literal', value: undefined };
  return { kind: 'function', name: word ?? '' };
}
