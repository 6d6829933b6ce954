import type { Diagnostic, Severity } from '../../../model/diagnostic.ts';

/** Names of the diagnostics about files and folders of manifests. */
export type FolderCode =
  | 'file-unreadable'
  | 'file-too-large'
  | 'object-duplicate'
  | 'kind-not-read'
  | 'link-outside'
  | 'folder-limit'
  | 'folder-unreadable';

/** What each code means, with its severity; generated into `docs/errors.md`. */
export const folderCodes: Readonly<Record<FolderCode, { readonly severity: Severity; readonly doc: string }>> = {
  'file-unreadable': {
    severity: 'error',
    doc: 'A manifest cannot be read or is not YAML. The objects that it held before go on to count.',
  },
  'file-too-large': {
    severity: 'error',
    doc: 'A manifest is larger than 8 MiB. The objects that it held before go on to count.',
  },
  'object-duplicate': {
    severity: 'error',
    doc: 'An object stands in two files. The one in the file whose name comes first counts.',
  },
  'kind-not-read': {
    severity: 'info',
    doc: 'A manifest holds objects of kinds that Fairway does not read, for example Deployments, which is fine; a warning when the kind looks misspelled.',
  },
  'link-outside': {
    severity: 'warning',
    doc: 'A symbolic link leads out of the folder of manifests, or nowhere, and is not followed.',
  },
  'folder-limit': {
    severity: 'error',
    doc: 'The folder of manifests has too many files or is nested too deeply. The rest is not read.',
  },
  'folder-unreadable': {
    severity: 'error',
    doc: 'A folder cannot be listed. The objects that were read from it before go on to count.',
  },
};

/** @param file  path inside the folder of manifests */
export function fileDiagnostic(
  file: string,
  parts: Pick<Diagnostic, 'what' | 'why' | 'fix'> & { readonly code: FolderCode; readonly severity?: Severity },
): Diagnostic {
  return {
    ...parts,
    severity: parts.severity ?? folderCodes[parts.code].severity,
    object: { kind: 'File', namespace: '', name: file },
    field: '',
  };
}
