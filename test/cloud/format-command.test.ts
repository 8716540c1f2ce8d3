import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatCommand, formatImageCommand } from '../../src/cloud/format-command.ts';

test('formatCommand adds the name of a stack that is not the default', () => {
  expect(formatCommand({ stackName: 'minitwit' }, 'down')).toBe('npm run cloud -- down');
  expect(formatCommand({ stackName: 'blog' }, 'restore a-snapshot')).toBe(
    'npm run cloud -- restore a-snapshot --stack blog',
  );
});

test('formatImageCommand adds an instance type', () => {
  expect(formatImageCommand()).toBe('npm run cloud -- image');
  expect(formatImageCommand('t4g.micro')).toBe('npm run cloud -- image --instance-type t4g.micro');
});

test('only format-command.ts contains `npm run cloud`, so that each command in a message has its --stack', () => {
  const files = globSync('src/{cloud.ts,cloud/**/*.ts}');
  expect(files.length).toBeGreaterThan(50);
  const isComment = (line: string) => /^\s*(\/\/|\/?\*)/.test(line);
  const writers = files.filter((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.some((line) => line.includes('npm run cloud') && !isComment(line));
  });
  expect(writers).toEqual(['src/cloud/format-command.ts']);
});
