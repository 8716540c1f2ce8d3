import { expect, test } from 'vitest';
import { findSentenceProblem } from './sentences.ts';
import { listRefusedWords } from './words.ts';

test('lists refused words and phrases with their positions, across a line break', () => {
  const text = 'Nobody looks at it.\nIt goes\non.';
  expect(listRefusedWords(text)).toEqual([
    expect.objectContaining({ word: 'Nobody', index: 0 }),
    expect.objectContaining({ word: 'looks', index: 7 }),
    expect.objectContaining({ word: 'goes on', index: 23 }),
  ]);
});

test.each(['the keep-alive timeout', 'It looks up a name.', 'the option --keep', 'keep_alive'])(
  'accepts “%s”',
  (text) => {
    expect(listRefusedWords(text)).toEqual([]);
  },
);

test.each([
  ['the first word', 'The comment begins with “the”. Begin with a capital letter.'],
  ['No full stop', 'The comment lacks a full stop.'],
  ['What it does.', 'The text begins with “What”. Begin with the subject.'],
  ['A sentence.', null],
  ['mysql2 has no types for it.', null],
  ['`npm run check` runs it.', null],
  ['Two events:\n- the first\n- the second', null],
])('finds the problem of the comment “%s”', (text, problem) => {
  expect(findSentenceProblem(text)).toBe(problem);
});
