import type { HealthCheckWish } from '../../model/pool-policy.ts';
import { quoted } from '../objects/field-reader.ts';
import type { ValueKind } from './value-kind.ts';

/** Values of the annotations about health checks. */

/** Number of a port, or the name of one of the pod's containers. Source: Kubernetes API, IsValidPortName. */
export function portOrName(): ValueKind<string | number> {
  return {
    describe: 'a number from 1 to 65535 or the name of a port of a container, in quotes',
    parse: (text) => {
      if (/^\d+$/.test(text)) {
        const port = Number(text);
        return port >= 1 && port <= 65_535
          ? { ok: true, value: port }
          : { ok: false, why: `${text} is not between 1 and 65535` };
      }
      if (text.length <= 15 && /[a-z]/.test(text) && /^[a-z0-9](?:-?[a-z0-9])*$/.test(text))
        return { ok: true, value: text };
      return { ok: false, why: `${quoted(text)} is neither the number nor the name of a port` };
    },
  };
}

/** Path and query of the request of a check: it goes into a request line as it is (threats R-28). */
export function requestPath(): ValueKind<string> {
  return {
    describe: 'a path that begins with a slash, of printable ASCII without spaces, for example /healthz',
    parse: (text) =>
      /^\/[\u0021-\u0022\u0024-\u007e]*$/.test(text)
        ? { ok: true, value: text }
        : { ok: false, why: `${quoted(text)} is not the path of a request` },
  };
}

/** Value of a Host header. Source: RFC 9110 section 7.2. */
export function hostHeader(): ValueKind<string> {
  return {
    describe: 'a host name with or without a port, for example shop.example.com',
    parse: (text) =>
      /^[a-zA-Z0-9_](?:[-._a-zA-Z0-9]{0,251}[a-zA-Z0-9_])?(?::\d{1,5})?$/.test(text)
        ? { ok: true, value: text }
        : { ok: false, why: `${quoted(text)} is not a host name` },
  };
}

/** More ranges than this are a mistake. */
const mostRanges = 16;

/** Statuses and ranges of them, as in `200-299,304`. */
export function statusRanges(): ValueKind<NonNullable<HealthCheckWish['expectedStatus']>> {
  return {
    describe: `statuses from 200 to 599 and ranges of them, at most ${mostRanges}, for example "200-299,304"`,
    parse: (text) => {
      const parts = text.split(',');
      if (parts.length > mostRanges) return { ok: false, why: `it has ${parts.length} parts` };
      const ranges: [number, number][] = [];
      for (const part of parts) {
        const [, first, last] = /^ *(\d{3})(?:-(\d{3}))? *$/.exec(part) ?? [];
        if (first === undefined) return { ok: false, why: `${quoted(part)} is neither a status nor a range of them` };
        const [from, to] = [Number(first), Number(last ?? first)];
        if (from < 200 || to > 599) return { ok: false, why: `${quoted(part)} is not within 200 to 599` };
        if (from > to) return { ok: false, why: `${quoted(part)} ends before it begins` };
        ranges.push([from, to]);
      }
      return { ok: true, value: ranges };
    },
  };
}
