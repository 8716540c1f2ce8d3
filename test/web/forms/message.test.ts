import { expect, onTestFinished, test, vi } from 'vitest';
import { parseForm } from '../../../src/web/forms/form.ts';
import {
  countGraphemes,
  messageForm,
  validateMessageLength,
} from '../../../src/web/forms/message.ts';
import { lengths } from '../../support/text-lengths.ts';

test.each(lengths)('counts the graphemes of %j', (text, { characters }) => {
  expect(countGraphemes(text)).toBe(characters);
});

test.each([
  ['a', 280],
  ['👍🏽', 280],
  ['👩‍👩‍👧‍👦', 142],
  [`e${'\u0301'.repeat(9)}`, 100],
])('accepts %s times %i', (character, times) => {
  expect(validateMessageLength(character.repeat(times))).toBeNull();
});

test.each([
  ['a', 281, '281 characters'],
  ['👍🏽', 281, '281 characters'],
  ['👩‍👩‍👧‍👦', 143, '1001 code points'],
  [`e${'\u0301'.repeat(1000)}`, 1, '1001 code points'],
])('refuses %s times %i', (character, times, length) => {
  expect(validateMessageLength(character.repeat(times))).toContain(`Your message has ${length}.`);
});

test('does not count the graphemes of a text with too many code points', () => {
  const segment = vi.spyOn(Intl.Segmenter.prototype, 'segment');
  onTestFinished(() => segment.mockRestore());
  expect(validateMessageLength('👩‍👩‍👧‍👦'.repeat(2000))).toContain('14000 code points');
  expect(segment).not.toHaveBeenCalled();
  expect(validateMessageLength('x'.repeat(281))).toContain('281 characters');
  expect(segment).toHaveBeenCalledOnce();
});

test('normalizes line ends and removes control characters', () => {
  const text = 'one\r\ntwo\rthree\tfour\u0000\u001b[31m\u0085';
  expect(parseForm(messageForm, { text })).toEqual({ text: 'one\ntwo\nthree\tfour[31m' });
});
