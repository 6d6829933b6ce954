import { loadAllYaml } from '@kubernetes/client-node';

import { resolveMerges } from './yaml-merge.ts';

/** One document of a YAML file, as plain data. */
export interface YamlDocument {
  readonly value: unknown;
  /** Line on which it begins, from 1. */
  readonly line: number;
}

export type YamlFile =
  | { readonly kind: 'documents'; readonly documents: readonly YamlDocument[] }
  | { readonly kind: 'broken'; readonly line: number; readonly why: string };

/**
 * Reads all documents of a YAML text; empty ones are left out. Never throws, and says nothing of the content: a file may
 * hold Secrets, and an excerpt of it has no place in a log.
 */
export function readYaml(text: string): YamlFile {
  const documents: YamlDocument[] = [];
  for (const part of splitDocuments(text)) {
    try {
      documents.push({ value: resolveMerges(loadPlain(part.lines)), line: part.line });
    } catch (error) {
      return { kind: 'broken', line: part.line + Math.min(lineOf(error), part.lines.length - 1), why: reasonOf(error) };
    }
  }
  return { kind: 'documents', documents };
}

interface Part {
  readonly lines: readonly string[];
  readonly line: number;
}

/**
 * A line that begins with `---` or `...` ends a document wherever it stands, also inside quotes (YAML 1.2.2 production
 * 206, c-forbidden), so documents can be told apart without parsing them.
 */
function splitDocuments(text: string): Part[] {
  const parts: Part[] = [];
  let lines: string[] = [];
  let line = 1;
  text.split(/\r\n|\r|\n/).forEach((content, at) => {
    const marker = /^(?:---|\.\.\.)(?=[ \t]|$)/.test(content);
    if (!marker) {
      lines.push(content);
      return;
    }
    parts.push({ lines, line });
    lines = content.startsWith('---') ? [content.slice(3)] : [];
    line = at + (content.startsWith('---') ? 1 : 2);
  });
  parts.push({ lines, line });
  return parts.filter((part) => part.lines.some((content) => hasContent(content)));
}

/** Not blank, not a comment, not a directive, which stands before the marker. */
function hasContent(line: string): boolean {
  return !line.startsWith('%') && !/^\s*(?:#.*)?$/.test(line);
}

/**
 * client-node makes typed models of what it reads: that drops every field it does not know, makes something else of
 * wrong types and throws on some of them, so that nobody would ever hear of such a mistake. A document that stands in a
 * list of one is no Kubernetes object to it and comes back as it was written.
 */
function loadPlain(lines: readonly string[]): unknown {
  const inList = `-\n${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n`;
  const loaded: unknown = loadAllYaml(inList)[0];
  return Array.isArray(loaded) ? loaded[0] : loaded;
}

/** Lines between the begin of the document and the mistake; the end of the text counts as a line of its own. */
function lineOf(error: unknown): number {
  const mark: unknown = error instanceof Error && 'mark' in error ? error.mark : undefined;
  const line: unknown = typeof mark === 'object' && mark !== null && 'line' in mark ? mark.line : undefined;
  return typeof line === 'number' ? Math.max(0, line - 1) : 0;
}

/** The parser's reason without what it quotes from the file. */
function reasonOf(error: unknown): string {
  const reason: unknown = error instanceof Error && 'reason' in error ? error.reason : undefined;
  const text = typeof reason === 'string' ? reason.replace(/["'`!<&*].*$/s, '').trim() : '';
  return text === '' ? 'it is not valid YAML' : text;
}
