import { expect, test } from 'vitest';
import { encodePath } from '../../../src/web/presentation/encode-path.ts';

test('encodes each character as `encodeURIComponent` does', () => {
  const texts = Array.from({ length: 0xd8_00 }, (_, code) => String.fromCharCode(code));
  expect(texts.map(encodePath)).toEqual(texts.map(encodeURIComponent));
  expect(encodePath('Ann.B-c_~7')).toBe('Ann.B-c_~7');
  expect(encodePath('a/é 😀')).toBe('a%2F%C3%A9%20%F0%9F%98%80');
});
