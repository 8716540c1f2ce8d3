import { expect, test } from 'vitest';
import { readForm } from '../../src/forms/form.ts';
import { messageForm, messageLength } from '../../src/forms/message.ts';

test.each([
  ['', 0],
  ['hello', 5],
  ['Ægir 明', 6],
  ['e\u0301', 1],
  ['👍🏽', 1],
  ['👩🏽‍❤️‍💋‍👨🏿', 1],
  ['🇩🇪🇫🇷', 2],
  ['שלום', 4],
  ['a\nb', 3],
])('%s has the length that people see: %i', (text, length) => {
  expect(messageLength(text)).toBe(length);
});

test('piled up accents count for more than the one letter under them', () => {
  expect(messageLength(`e${'\u0301'.repeat(99)}`)).toBe(10);
});

test('line ends become one, and what shows nothing is left out', () => {
  const text = 'one\r\ntwo\rthree\tfour\u0000\u001b[31m\u0085';
  expect(readForm(messageForm, { text })).toEqual({ text: 'one\ntwo\nthree\tfour[31m' });
});
