import forge from 'node-forge';

/** One block of a PEM file, decoded. */
export interface PemBlock {
  /** What stands behind BEGIN, for example `CERTIFICATE`. */
  readonly label: string;
  readonly der: Buffer;
  /** Protected by a password after RFC 1421; `der` is of no use then. */
  readonly encrypted: boolean;
}

export interface PemFile {
  readonly blocks: readonly PemBlock[];
  /** Blocks that have no end, or hold something else than base64. */
  readonly broken: number;
}

/** Bounded on both sides of the label, so that the search is linear whatever the text. */
const boundary = /-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----/g;

/**
 * Splits a PEM file into its blocks. Text around them is ignored, as RFC 7468 section 2 asks; blocks that stick together
 * because a file lacked its last line break are told apart. Never throws.
 *
 * node-forge decodes one clean block at a time and never sees the whole text: its own search for blocks takes time that
 * grows with the square of the length for some texts, and anybody who may write a Secret could choose such a text.
 */
export function readPem(text: string): PemFile {
  const blocks: PemBlock[] = [];
  let broken = 0;
  let open: { readonly label: string; readonly from: number } | undefined;
  for (const mark of text.matchAll(boundary)) {
    const label = mark[2] ?? '';
    if (mark[1] === 'BEGIN') {
      if (open !== undefined) broken += 1;
      open = { label, from: mark.index + mark[0].length };
      continue;
    }
    const block = open?.label === label ? readBlock(label, text.slice(open.from, mark.index)) : undefined;
    if (block === undefined) broken += 1;
    else blocks.push(block);
    open = undefined;
  }
  return { blocks, broken: open === undefined ? broken : broken + 1 };
}

function readBlock(label: string, body: string): PemBlock | undefined {
  if (body.includes('Proc-Type: 4,ENCRYPTED')) return { label, der: Buffer.alloc(0), encrypted: true };
  const base64 = body.replaceAll(/\s+/g, '');
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const decoded = forge.pem.decode(`-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`)[0];
  if (decoded === undefined) return undefined;
  return { label, der: Buffer.from(decoded.body, 'binary'), encrypted: label === 'ENCRYPTED PRIVATE KEY' };
}
