import { expect, test } from 'vitest';
import { escapeHtml } from '../../../../src/web/presentation/templates/escape-html.ts';

test.each([
  ['', ''],
  ['plain \u00e9 😀 `\\/', 'plain \u00e9 😀 `\\/'],
  [`<>&"'`, '&lt;&gt;&amp;&#34;&#39;'],
  ['a<b', 'a&lt;b'],
  ['"a&amp;b" ', '&#34;a&amp;amp;b&#34; '],
])('escapes %j', (text, html) => {
  expect(escapeHtml(text)).toBe(html);
});
