import { isStringOneByteRepresentation } from 'node:v8';
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
  // V8 stores a long slice in the same way as the whole text.
  ['a slice of a text with a dash', '<title>MiniTwit</title> —'.slice(0, -2)],
])('stores the UTF-8 bytes of %s', (_kind, text) => {
  const bytes = toByteString(text);

  expect(toBuffer(bytes)).toEqual(Buffer.from(text, 'utf8'));
  expect(bytes).toHaveLength(Buffer.byteLength(text));
  expect(isStringOneByteRepresentation(bytes)).toBe(true);
});
