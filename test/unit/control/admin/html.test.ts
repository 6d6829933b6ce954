import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { empty, html } from '../../../../src/control/admin/html.ts';

suite('html', () => {
  test('escapes text and keeps what is HTML already', () => {
    const bold = html`<b>${'<script>'}</b>`;
    assert.equal(
      html`<td title="${`"'`}">${bold}${[bold, empty]} ${7}</td>`.html,
      '<td title="&quot;&#39;"><b>&lt;script&gt;</b><b>&lt;script&gt;</b> 7</td>',
    );
  });

  test('shows characters that would hide or turn text', () => {
    assert.equal(html`${'a\u202eb\0c\u200bd'}`.html, 'a\ufffdb\ufffdc\ufffdd');
  });

  test('lets no text out of its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(html`${text}`.html, /[<>"'\0]|&(?!(?:amp|lt|gt|quot|#39);)/);
      }),
    );
  });
});
