import type { FieldReader, Fields } from './field-reader.ts';
import { quoted } from './field-reader.ts';
import { readBackend } from './ingress-backend.ts';
import type { IngressPath } from './kinds.ts';

type PathType = IngressPath['pathType'];

const pathTypes: readonly PathType[] = ['Exact', 'Prefix', 'ImplementationSpecific'];

/** Longer than any request target that is accepted: such a path could never match. */
const pathLimit = 8192;

/** Kubernetes refuses these in Exact and Prefix paths, because proxies resolve them in different ways. */
const ambiguous: readonly string[] = ['//', '/./', '/../', '%2f', '%2F'];
const ambiguousEnds: readonly string[] = ['/..', '/.'];

/** Source: Kubernetes Ingress API, HTTPIngressPath v1, and its validation in the API server. */
export function readIngressPath(reader: FieldReader, item: Fields, path: string): IngressPath | undefined {
  const unknown = reader.unknown(item, path, ['path', 'pathType', 'backend']);
  if (unknown !== undefined && (item['path'] ?? '') === '') {
    reader.report(path, {
      code: 'unknown-field',
      severity: 'error',
      effect: 'is not served',
      why: `it has no path but the unknown field ${quoted(unknown)}, and would take every path`,
      fix: 'Mend the field, or take it out and write path: /.',
    });
    return undefined;
  }
  const pathType = readPathType(reader, item, path);
  const text = reader.text(item, 'path', path);
  const wrongPath = text === undefined && item['path'] !== undefined && item['path'] !== null;
  const backend = reader.fields(item, 'backend', path);
  if (backend === undefined) {
    reader.report(`${path}.backend`, {
      code: 'backend-malformed',
      effect: 'is missing, the path is not served',
      why: 'a path needs a backend that answers',
      fix: 'Write backend.service.name and backend.service.port.',
    });
    return undefined;
  }
  const target = readBackend(reader, backend, `${path}.backend`);
  if (pathType === undefined || wrongPath || target === undefined) return undefined;
  const complaint = complaintAbout(text ?? '', pathType);
  if (complaint !== undefined) {
    reader.report(`${path}.path`, { code: 'path-malformed', effect: 'is not served', ...complaint });
    return undefined;
  }
  return { path: text === undefined || text === '' ? '/' : text, pathType, backend: target };
}

function readPathType(reader: FieldReader, item: Fields, path: string): PathType | undefined {
  const text = reader.text(item, 'pathType', path);
  const known = pathTypes.find((one) => one === text);
  if (known !== undefined) return known;
  if (text === undefined && (item['pathType'] === undefined || item['pathType'] === null)) {
    reader.report(`${path}.pathType`, {
      code: 'path-type-missing',
      effect: 'is missing, the path is served as ImplementationSpecific',
      why: 'the Kubernetes API demands a pathType and would refuse this Ingress',
      fix: 'Write pathType: Prefix, Exact or ImplementationSpecific.',
    });
    return 'ImplementationSpecific';
  }
  if (text !== undefined) {
    reader.report(`${path}.pathType`, {
      code: 'path-malformed',
      effect: 'is wrong, the path is not served',
      why: `${quoted(text)} is not a path type`,
      fix: 'Write Prefix, Exact or ImplementationSpecific.',
    });
  }
  return undefined;
}

/** An empty path is everything for ImplementationSpecific, as in ingress-nginx, and a mistake otherwise. */
function complaintAbout(text: string, pathType: PathType): { why: string; fix: string } | undefined {
  if (text === '' && pathType === 'ImplementationSpecific') return undefined;
  if (!text.startsWith('/')) {
    return { why: `${quoted(text)} does not start with a slash`, fix: `Write ${quoted(`/${text.slice(0, 80)}`)}.` };
  }
  if (text.length > pathLimit) {
    return { why: `the path is longer than ${pathLimit} characters`, fix: 'Write a shorter path.' };
  }
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    return { why: `${quoted(text)} holds a control character`, fix: 'Write the path without line breaks and tabs.' };
  }
  if (pathType === 'ImplementationSpecific') return undefined;
  const part = ambiguous.find((one) => text.includes(one)) ?? ambiguousEnds.find((one) => text.endsWith(one));
  if (part === undefined) return undefined;
  return {
    why: `${quoted(text)} holds ${quoted(part)}, which Kubernetes does not allow in ${pathType} paths`,
    fix: 'Write the path as clients send it after resolving dots and double slashes.',
  };
}
