import { quoted } from '../objects/field-reader.ts';
import type { MirrorWish } from './definition.ts';
import type { ValueKind } from './value-kind.ts';
import { unknownVariable } from './value-kind.ts';

/** Scheme, name, port, rest. A variable in the name could lead anywhere, so it has no place there. */
const url = /^(https?):\/\/([A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?((?:[/$?][^#\s]*)?)$/;

/** What may stand in path and query: RFC 3986 `pchar`, `/`, `?`, and variables. */
const pathText = /^[A-Za-z0-9\-._~!$&'()*+,;=:@%/?{}]*$/;

/** URL that copies go to. Source: ingress-nginx annotations, mirror-target. */
export function mirrorTarget(): ValueKind<Pick<MirrorWish, 'scheme' | 'name' | 'port' | 'path'>> {
  return {
    describe: 'a URL whose path may have variables, for example "http://shadow.shop.svc.cluster.local$request_uri"',
    parse: (text) => {
      const [, scheme, name, port, rest] = url.exec(text) ?? [];
      if (scheme === undefined || name === undefined || rest === undefined) {
        return { ok: false, why: `${quoted(text)} is not http:// or https://, a DNS name and a path` };
      }
      const number = port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port);
      if (number < 1 || number > 65_535) return { ok: false, why: `${number} is not a port` };
      const unknown = unknownVariable(rest);
      if (unknown !== undefined) return { ok: false, why: `${quoted(text)} ${unknown}` };
      if (!pathText.test(rest)) return { ok: false, why: `${quoted(text)} has characters that no URL has` };
      return {
        ok: true,
        value: { scheme: scheme === 'https' ? 'https' : 'http', name, port: number, path: pathOf(rest) },
      };
    },
  };
}

/** `$request_uri` begins with a slash of its own. */
function pathOf(rest: string): string {
  if (rest === '' || rest === '/$request_uri') return '$request_uri';
  return rest.startsWith('?') ? `/${rest}` : rest;
}

/** Value of Host. Source: ingress-nginx annotations, mirror-host. */
export function mirrorHost(): ValueKind<string> {
  return {
    describe: 'a host name, with a port if need be, or a variable such as "$host"',
    parse: (text) => {
      const unknown = unknownVariable(text);
      if (unknown !== undefined) return { ok: false, why: `${quoted(text)} ${unknown}` };
      if (/^[A-Za-z0-9._:${}-]{1,253}$/.test(text)) return { ok: true, value: text };
      return { ok: false, why: `${quoted(text)} is not a host name` };
    },
  };
}
