import { expect, test } from 'vitest';
import { collapseText } from '../../../src/web/presentation/collapsed-text.ts';

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`).join('\n');

test.each(['', 'one line', lines(1, 12), '\n'.repeat(11)])('shows all lines of %j', (text) => {
  expect(collapseText(text)).toEqual({ visible: text, hidden: '', hiddenLines: 0 });
});

test('hides the lines after the twelfth', () => {
  expect(collapseText(lines(1, 13))).toEqual({
    visible: lines(1, 12),
    hidden: 'line 13',
    hiddenLines: 1,
  });
  const many = collapseText(`${'\n'.repeat(278)}end`);
  expect(many).toEqual({
    visible: '\n'.repeat(11),
    hidden: `${'\n'.repeat(266)}end`,
    hiddenLines: 267,
  });
});
