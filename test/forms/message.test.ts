import { expect, test } from 'vitest';
import { readForm } from '../../src/forms/form.ts';
import { lengths } from '../support/lengths.ts';
import { findExcessLength, messageForm, messageLength } from '../../src/forms/message.ts';

test.each(lengths)('%s has the length that people see: %i', (text, length) => {
  expect(messageLength(text)).toBe(length);
});

test.each([
  ['a', 280, null],
  ['a', 281, 281],
  ['👍🏽', 280, null],
  ['👍🏽', 281, 281],
])('of %s, %i are too many: %s', (character, times, excess) => {
  expect(findExcessLength(character.repeat(times))).toBe(excess);
});

test('line ends become one, and what shows nothing is left out', () => {
  const text = 'one\r\ntwo\rthree\tfour\u0000\u001b[31m\u0085';
  expect(readForm(messageForm, { text })).toEqual({ text: 'one\ntwo\nthree\tfour[31m' });
});
