import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { loadYaml } from '@kubernetes/client-node';

import { functions, isTrue, print } from './functions.ts';
import type { Node, Operand, ParsedFile, Pipeline } from './parse.ts';
import { parseTemplate } from './parse.ts';

export interface Release {
  readonly name: string;
  readonly namespace: string;
}

type Values = Readonly<Record<string, unknown>>;

/**
 * Renders a chart as `helm template` does, for the part of the language that ours uses.
 * @param values  laid over the chart's values.yaml
 * @returns text by file name, templates without output left out
 * @throws Error for a value that is missing or a construct that is not supported
 */
export function renderChart(folder: string, release: Release, values: Values): ReadonlyMap<string, string> {
  const chart = record(loadYaml(readFileSync(join(folder, 'Chart.yaml'), 'utf8')));
  const defaults = record(loadYaml(readFileSync(join(folder, 'values.yaml'), 'utf8')));
  const names = readdirSync(join(folder, 'templates')).toSorted();
  const parsed = new Map<string, ParsedFile>();
  for (const name of names)
    parsed.set(name, parseTemplate(name, readFileSync(join(folder, 'templates', name), 'utf8')));
  const definitions = new Map([...parsed.values()].flatMap((file) => [...file.definitions]));
  const root = {
    Values: merge(defaults, values),
    Release: { Name: release.name, Namespace: release.namespace, Service: 'Helm' },
    Chart: { Name: chart['name'], Version: chart['version'], AppVersion: chart['appVersion'] },
    Files: { Get: (name: unknown) => readFileSync(join(folder, String(name)), 'utf8') },
  };
  const rendered = new Map<string, string>();
  for (const [name, file] of parsed) {
    if (name.startsWith('_') || name === 'NOTES.txt') continue;
    const text = new Renderer(definitions, root).render(file.nodes, root);
    if (text.trim() !== '') rendered.set(name, text);
  }
  return rendered;
}

/** Maps are merged key by key, everything else is replaced; null takes a key away, as in helm. */
function merge(base: unknown, over: unknown): unknown {
  if (!isRecord(base) || !isRecord(over)) return over;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete result[key];
    else result[key] = key in base ? merge(base[key], value) : value;
  }
  return result;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new Error('not a mapping');
  return value;
}

/** Runs one file. Variables live in a stack of scopes, as in Go. */
class Renderer {
  readonly #definitions: ReadonlyMap<string, readonly Node[]>;
  readonly #scopes: Map<string, unknown>[];

  constructor(definitions: ReadonlyMap<string, readonly Node[]>, root: unknown) {
    this.#definitions = definitions;
    this.#scopes = [new Map([['', root]])];
  }

  render(nodes: readonly Node[], dot: unknown): string {
    return nodes.map((node) => this.#node(node, dot)).join('');
  }

  #node(node: Node, dot: unknown): string {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'output':
        return print(this.#pipeline(node.pipeline, dot));
      case 'assign':
        this.#assign(node.name, this.#pipeline(node.pipeline, dot), node.declare);
        return '';
      case 'if': {
        const taken = isTrue(this.#pipeline(node.condition, dot)) ? node.body : node.otherwise;
        return this.#scoped(taken, dot, new Map());
      }
      case 'with': {
        const value = this.#pipeline(node.value, dot);
        return isTrue(value) ? this.#scoped(node.body, value, new Map()) : this.#scoped(node.otherwise, dot, new Map());
      }
      case 'range':
        return this.#range(node, dot);
    }
  }

  #range(node: Extract<Node, { kind: 'range' }>, dot: unknown): string {
    const value = this.#pipeline(node.value, dot);
    const entries: [unknown, unknown][] = Array.isArray(value)
      ? value.map((item: unknown, at) => [at, item])
      : Object.entries(isRecord(value) ? value : {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return this.#scoped(node.otherwise, dot, new Map());
    const [first, second] = node.names;
    return entries
      .map(([key, item]) => {
        const variables = new Map<string, unknown>();
        if (first !== undefined) variables.set(first, second === undefined ? item : key);
        if (second !== undefined) variables.set(second, item);
        return this.#scoped(node.body, item, variables);
      })
      .join('');
  }

  #scoped(nodes: readonly Node[], dot: unknown, variables: Map<string, unknown>): string {
    this.#scopes.push(variables);
    const text = this.render(nodes, dot);
    this.#scopes.pop();
    return text;
  }

  #assign(name: string, value: unknown, declare: boolean): void {
    const scope = declare ? this.#scopes.at(-1) : this.#scopes.findLast((candidate) => candidate.has(name));
    if (scope === undefined) throw new Error(`$${name} is not declared`);
    scope.set(name, value);
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown;
    pipeline.forEach((command, at) => {
      const piped = at === 0 ? [] : [value];
      value = this.#command(command, dot, piped);
    });
    return value;
  }

  #command(command: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
    const [head, ...rest] = command;
    if (head === undefined) throw new Error('empty command');
    const parameters = [...rest.map((operand) => this.#operand(operand, dot)), ...piped];
    if (head.kind === 'function') return this.#call(head.name, parameters);
    const value = this.#operand(head, dot);
    if (typeof value === 'function') return Reflect.apply(value, undefined, parameters);
    return value;
  }

  #call(name: string, parameters: readonly unknown[]): unknown {
    if (name === 'include') {
      const body = this.#definitions.get(print(parameters[0]));
      if (body === undefined) throw new Error(`no template "${print(parameters[0])}"`);
      return new Renderer(this.#definitions, parameters[1]).render(body, parameters[1]);
    }
    const found = functions[name];
    if (found === undefined) throw new Error(`the function "${name}" is not supported`);
    return found(...parameters);
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'function':
        return this.#call(operand.name, []);
      case 'group':
        return this.#fields(this.#pipeline(operand.pipeline, dot), operand.fields);
      case 'path':
        return this.#fields(operand.variable === '' ? dot : this.#variable(operand.variable.slice(1)), operand.fields);
    }
  }

  #variable(name: string): unknown {
    const scope = this.#scopes.findLast((candidate) => candidate.has(name));
    if (scope === undefined) throw new Error(`$${name} is not declared`);
    return scope.get(name);
  }

  #fields(start: unknown, fields: readonly string[]): unknown {
    let value = start;
    for (const field of fields) {
      if (!isRecord(value)) throw new Error(`no .${field} in nothing`);
      value = value[field];
    }
    return value;
  }
}
