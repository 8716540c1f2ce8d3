import { expect, test } from 'vitest';
import { toBuffer, toByteString } from '../../../src/web/presentation/byte-string.ts';

test.each([
  ['ASCII', '<p>hello</p>\n'],
  ['letters of Latin-1', 'naïve café ÿ'],
  ['a letter of two bytes', 'ß'],
  ['other scripts', '微博 и твиты'],
  ['emoji', 'good 👩‍💻 morning'],
  ['half of a surrogate pair', `half ${'👩'[0]}`],
  ['nothing', ''],
])('stores the UTF-8 bytes of %s', (_kind, text) => {
  const bytes = toByteString(text);

  expect(toBuffer(bytes)).toEqual(Buffer.from(text, 'utf8'));
  expect(bytes).toHaveLength(Buffer.byteLength(text));
});
