import { expect, test } from 'vitest';
import { splitMessage } from '../../src/presentation/message-parts.ts';

/** A message with its links written as `[text](href)`. */
function linked(text: string): string {
  return splitMessage(text)
    .map((part) => (part.href === null ? part.text : `[${part.text}](${part.href})`))
    .join('');
}

test.each([
  ['plain text', 'plain text'],
  ['', ''],
  [
    'see https://example.com/a?b=c&d=e.',
    'see [https://example.com/a?b=c&d=e](https://example.com/a?b=c&d=e).',
  ],
  ['(http://example.com)', '([http://example.com](http://example.com))'],
  [
    'https://en.wikipedia.org/wiki/Flask_(web)',
    '[https://en.wikipedia.org/wiki/Flask_(web)](https://en.wikipedia.org/wiki/Flask_(web))',
  ],
  ['example.com and www.example.com', 'example.com and www.example.com'],
  ['javascript:alert(1)', 'javascript:alert(1)'],
  [
    'ftp://example.com //example.com mailto:a@example.com',
    'ftp://example.com //example.com mailto:a@example.com',
  ],
  ['@bob', '[@bob](/bob)'],
  ['hi @bob, @alice!', 'hi [@bob](/bob), [@alice](/alice)!'],
  ["@bob's cat", "[@bob](/bob)'s cat"],
  ['thanks @bob.', 'thanks [@bob](/bob).'],
  ['@a.b-c_d', '[@a.b-c_d](/a.b-c_d)'],
  ['@Ægir @明', '[@Ægir](/%C3%86gir) [@明](/%E6%98%8E)'],
  ['@Zoe\u0308', '[@Zoe\u0308](/Zo%C3%AB)'],
  ['@🐙', '[@🐙](/%F0%9F%90%99)'],
  ['@logout @Login', '@logout @Login'],
  ['https://example.com/mallory/follow', 'https://example.com/mallory/follow'],
  ['https://example.com/mallory/%66ollow/?x#y', 'https://example.com/mallory/%66ollow/?x#y'],
  ['http://example.com/logout', 'http://example.com/logout'],
  ['https://example.com/%zz', '[https://example.com/%zz](https://example.com/%zz)'],
  ['alice@example.com', 'alice@example.com'],
  ['@ @@ @/', '@ @@ @/'],
  ['https://example.com/@bob', '[https://example.com/@bob](https://example.com/@bob)'],
])('%j', (text, expected) => {
  expect(linked(text)).toBe(expected);
});

test('nothing of a text is lost or doubled', () => {
  const text = '<b>@bob</b> & https://example.com/?"x"=<script> @ü\n"quoted" \u202e';
  expect(
    splitMessage(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text);
});
