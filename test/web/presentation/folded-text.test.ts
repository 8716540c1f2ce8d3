import { expect, test } from 'vitest';
import { foldText } from '../../../src/web/presentation/folded-text.ts';

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`).join('\n');

test.each(['', 'one line', lines(1, 12), '\n'.repeat(11)])('all of %j is visible', (text) => {
  expect(foldText(text)).toEqual({ visible: text, folded: '', foldedLines: 0 });
});

test('what is behind the twelfth line is folded', () => {
  expect(foldText(lines(1, 13))).toEqual({
    visible: lines(1, 12),
    folded: 'line 13',
    foldedLines: 1,
  });
  const many = foldText(`${'\n'.repeat(278)}end`);
  expect(many).toEqual({
    visible: '\n'.repeat(11),
    folded: `${'\n'.repeat(266)}end`,
    foldedLines: 267,
  });
});
