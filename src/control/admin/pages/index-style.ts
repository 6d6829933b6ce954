import { createHash } from 'node:crypto';

import type { Html } from '../html.ts';

/** Look of the index page: system fonts, light and dark as the reader's system has it, readable on a phone. */
const style: string = `
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5f6b7a;--line:#e2e6ec;--accent:#0b62d6;
--good:#137a46;--good-ground:#e3f4ea;--bad:#b3261e;--bad-ground:#fdeceb;--warn:#8a5a00;--warn-ground:#fff2d6;--mute-ground:#edf0f4}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1a2028;--ink:#e4e9f0;--soft:#98a4b3;--line:#2b333f;
--accent:#78b0ff;--good:#6fd79d;--good-ground:#163526;--bad:#ff9a92;--bad-ground:#45201e;--warn:#f4c56b;
--warn-ground:#3d3014;--mute-ground:#262e39}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",
"Noto Sans","Liberation Sans",Arial,sans-serif}
main,header>div,footer{max-width:1240px;margin:0 auto;padding:0 24px}
header{background:var(--card);border-bottom:1px solid var(--line)}
header>div{display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px;padding-top:16px;padding-bottom:16px}
h1{font-size:20px;letter-spacing:-.01em;margin:0}
h1 small{font-weight:400;color:var(--soft);font-size:14px;margin-left:6px}
nav{margin-left:auto;display:flex;flex-wrap:wrap;gap:14px;font-size:14px}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.card b{display:block;font-size:24px;font-weight:600;line-height:1.2;font-variant-numeric:tabular-nums}
.card span{color:var(--soft);font-size:13px}
form{display:flex;gap:8px;margin:0 0 8px}
input{flex:1;min-width:0;font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 12px}
button{font:inherit;color:#fff;background:#0b62d6;border:0;border-radius:8px;padding:8px 16px;cursor:pointer}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;margin:16px 0;overflow:hidden}
h2{font-size:15px;margin:0;padding:12px 16px;display:flex;gap:8px;align-items:baseline}
h2 span{color:var(--soft);font-weight:400;font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;min-width:820px;font-size:14px}
th{font-weight:500;color:var(--soft);font-size:12.5px;text-align:left;background:var(--mute-ground);white-space:nowrap}
th,td{padding:7px 16px;vertical-align:top;border-top:1px solid var(--line)}
td{overflow-wrap:break-word;max-width:460px}
td.w{white-space:nowrap}
code{overflow-wrap:anywhere;font:13px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
.tag{display:inline-block;padding:0 8px;border-radius:20px;font-size:12.5px;line-height:20px;white-space:nowrap;background:var(--mute-ground);color:var(--soft)}
.good{background:var(--good-ground);color:var(--good)}.bad{background:var(--bad-ground);color:var(--bad)}
.warn{background:var(--warn-ground);color:var(--warn)}
.soft{color:var(--soft);font-size:13px}
p.note{margin:0;padding:10px 16px;border-top:1px solid var(--line);color:var(--soft);font-size:13.5px}
footer{color:var(--soft);font-size:13px;padding-top:8px;padding-bottom:32px}
`;

/** The element, in one piece: space around its text would change the hash below. */
export const indexStyle: Html = { html: `<style>${style}</style>` };

/** Nothing but this style is allowed on the page: no script, no picture, no other page around it. */
export const indexSecurityPolicy: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
