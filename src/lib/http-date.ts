import type { Clock } from './clock.ts';

/** Value of a Date field for now; its text is made once per second. Source: RFC 9110 section 5.6.7. */
export function httpDate(clock: Clock): () => string {
  let second = -1;
  let text = '';
  return () => {
    const now = Math.floor(clock.wall() / 1000);
    if (now !== second) {
      second = now;
      text = new Date(now * 1000).toUTCString();
    }
    return text;
  };
}
