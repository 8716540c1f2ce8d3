import { expect, test } from 'vitest';
import { createProgressBar, type Progress, type Screen } from '../../src/cli/progress-bar.ts';

/** Returns the output for progress at these times in seconds. */
function shown(
  screen: Omit<Screen, 'write'>,
  ...progress: [atS: number, progress: Progress][]
): string {
  let written = '';
  let nowMs = 0;
  const bar = createProgressBar({ ...screen, write: (text) => (written += text) }, () => nowMs);
  for (const [atS, each] of progress) {
    nowMs = atS * 1000;
    bar.show(each);
  }
  bar.end();
  return written;
}

const user = { table: 'user', rows: 2000, sent: 0, share: 1 };
const half = { table: 'message', rows: 600_000, sent: 1234, share: 0.5 };
const all = { table: 'message', rows: 1_200_000, sent: 1234, share: 1 };

test('on a terminal a table is one line, which is redrawn', () => {
  const lines = shown({ isTTY: true }, [1, user], [7, half], [13, all]).split('\n');
  expect(lines).toEqual([
    '\r  user     ██████████ 100 %  2,000 rows, 0 sent, 2,000/s\u001B[K',
    '\r  message  █████░░░░░  50 %  600,000 rows, 1,234 sent, 100,000/s, 0:06 left\u001B[K' +
      '\r  message  ██████████ 100 %  1,200,000 rows, 1,234 sent, 100,000/s\u001B[K',
    '',
  ]);
});

test('without a terminal, prints a line every five seconds and at the end of each table', () => {
  const quarter = { ...half, share: 0.25 };
  const lines = shown({}, [1, user], [5, quarter], [7, half], [13, all]).split('\n');
  expect(lines.map((line) => line.trim().slice(0, 26))).toEqual([
    'user     ██████████ 100 % ',
    'message  █████░░░░░  50 % ',
    'message  ██████████ 100 % ',
    '',
  ]);
});

test('a line is never longer than the terminal is wide', () => {
  const lines = shown({ isTTY: true, columns: 20 }, [1, user], [13, all]).split('\n');
  expect(lines).toEqual([
    '\r  user     ██████████\u001B[K'.slice(0, 1 + 19) + '\u001B[K',
    '\r  message  ██████████\u001B[K'.slice(0, 1 + 19) + '\u001B[K',
    '',
  ]);
});

test('before the first progress, no time that is left is shown', () => {
  const none = { table: 'message', rows: 0, sent: 0, share: 0 };
  const line = shown({ isTTY: true }, [7, none]).split('\n')[0];
  expect(line).toBe('\r  message  ░░░░░░░░░░   0 %  0 rows, 0 sent, 0/s\u001B[K');
});
