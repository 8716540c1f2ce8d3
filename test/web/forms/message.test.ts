import { expect, onTestFinished, test, vi } from 'vitest';
import { readForm } from '../../../src/web/forms/form.ts';
import {
  countCharacters,
  messageForm,
  messageLengthProblem,
} from '../../../src/web/forms/message.ts';
import { lengths } from '../../support/text-lengths.ts';

test.each(lengths)('%s has the length that people see: %i', (text, { characters }) => {
  expect(countCharacters(text)).toBe(characters);
});

test.each([
  ['a', 280],
  ['👍🏽', 280],
  ['👩‍👩‍👧‍👦', 142],
  [`e${'\u0301'.repeat(9)}`, 100],
])('of %s, %i fit', (character, times) => {
  expect(messageLengthProblem(character.repeat(times))).toBeNull();
});

test.each([
  ['a', 281, 'Your message has 281 characters: at most 280 fit'],
  ['👍🏽', 281, 'Your message has 281 characters: at most 280 fit'],
  [
    '👩‍👩‍👧‍👦',
    143,
    'Your message has 1001 code points, of which an emoji or a letter can have several: at most 1000 fit',
  ],
  [
    `e${'\u0301'.repeat(1000)}`,
    1,
    'Your message has 1001 code points, of which an emoji or a letter can have several: at most 1000 fit',
  ],
])('of %s, %i are too many', (character, times, problem) => {
  expect(messageLengthProblem(character.repeat(times))).toBe(problem);
});

test('the characters of a text with too many code points are not looked for', () => {
  const segment = vi.spyOn(Intl.Segmenter.prototype, 'segment');
  onTestFinished(() => segment.mockRestore());
  expect(messageLengthProblem('👩‍👩‍👧‍👦'.repeat(2000))).toContain('14000 code points');
  expect(segment).not.toHaveBeenCalled();
  expect(messageLengthProblem('x'.repeat(281))).toContain('281 characters');
  expect(segment).toHaveBeenCalledOnce();
});

test('line ends become one, and what shows nothing is left out', () => {
  const text = 'one\r\ntwo\rthree\tfour\u0000\u001b[31m\u0085';
  expect(readForm(messageForm, { text })).toEqual({ text: 'one\ntwo\nthree\tfour[31m' });
});
