import { expect, test } from 'vitest';
import { splitMessage } from '../../../src/web/presentation/message-parts.ts';

/** Formats a message, with its links as `[text](href)`. */
function formatParts(text: string): string {
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
  // Mentions after characters other than spaces.
  ['.@alice', '.[@alice](/alice)'],
  ['"@alice" -@alice (@alice)', '"[@alice](/alice)" -[@alice](/alice) ([@alice](/alice))'],
  ['日本語@alice', '日本語[@alice](/alice)'],
  ['こんにちは@alice カタカナー@alice', 'こんにちは[@alice](/alice) カタカナー[@alice](/alice)'],
  ['你好@明', '你好[@明](/%E6%98%8E)'],
  ['สวัสดี@alice', 'สวัสดี[@alice](/alice)'],
  ['မင်္ဂလာပါ@alice', 'မင်္ဂလာပါ[@alice](/alice)'],
  ['🎉@alice ❤️@alice 1️⃣@alice', '🎉[@alice](/alice) ❤️[@alice](/alice) 1️⃣[@alice](/alice)'],
  ['、@alice。', '、[@alice](/alice)。'],
  ['שלום @אליס', 'שלום [@אליס](/%D7%90%D7%9C%D7%99%D7%A1)'],
  // Not mentions: email addresses in scripts with spaces between words, and parts of URLs.
  ['bob@alice.example bob_@alice b.o.b@alice', 'bob@alice.example bob_@alice b.o.b@alice'],
  ['josé@alice.example мама@почта.рф', 'josé@alice.example мама@почта.рф'],
  ['मेल@alice.example 7@alice', 'मेल@alice.example 7@alice'],
  [
    'medium.com/@alice example.com?user=@alice a+@b',
    'medium.com/@alice example.com?user=@alice a+@b',
  ],
  ['@bob@social.example', '@bob@social.example'],
  [
    `@${'x'.repeat(64)} @${'x'.repeat(65)}`,
    `[@${'x'.repeat(64)}](/${'x'.repeat(64)}) @${'x'.repeat(65)}`,
  ],
  ['@admin @static', '[@admin](/admin) @static'],
  // URLs that resemble other URLs.
  ['https://a@b.example/ @bob', 'https://a@b.example/ [@bob](/bob)'],
  ['see https://bank.example@evil.example/path.', 'see https://bank.example@evil.example/path.'],
  ['https://user:pass@b.example', 'https://user:pass@b.example'],
  ['https://a:80@b.example https://@bob', 'https://a:80@b.example https://@bob'],
  ['HTTPS://A@B.EXAMPLE', 'HTTPS://A@B.EXAMPLE'],
  [
    'https://example.com https://a@b.example/ https://example.com',
    '[https://example.com](https://example.com) https://a@b.example/ [https://example.com](https://example.com)',
  ],
  [
    'https://example.com/?q=a@b.example',
    '[https://example.com/?q=a@b.example](https://example.com/?q=a@b.example)',
  ],
  ['https://example.com/\u202egpj.exe', 'https://example.com/\u202egpj.exe'],
  ['https://example.com/\u2067@bob', 'https://example.com/\u2067@bob'],
  ['https://example.com/a,@bob/follow', 'https://example.com/a,@bob/follow'],
])('splits %j', (text, expected) => {
  expect(formatParts(text)).toBe(expected);
});

test('the parts of a message join to the message', () => {
  const text =
    '<b>@bob</b> & https://example.com/?"x"=<script> @ü\n"quoted" \u202e https://a@b/ @bob@c .@bob';
  expect(
    splitMessage(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text);
});
