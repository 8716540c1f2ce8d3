import { expect, test } from 'vitest';
import { isRunning } from '../../src/dev/processes.ts';
import { startCommand } from '../support/programs.ts';
import { waitFor } from '../support/wait-for.ts';

test('a process runs until it ends', async () => {
  const { process: child, ended } = startCommand(['sleep', '1000']);
  expect(isRunning(child.pid ?? 0)).toBe(true);
  child.kill('SIGKILL');
  await ended;
  expect(isRunning(child.pid ?? 0)).toBe(false);
});

test('a process that has ended does not run, even if its parent never notices', async () => {
  // `exec` makes a program the parent that does not wait for its children.
  const parent = startCommand(['sh', '-c', 'sleep 0 & echo $! && exec sleep 1000']);
  await parent.waitForOutput(/\d+/);
  const pid = Number(parent.output.stdout);
  await waitFor('it has ended', () => !isRunning(pid));
  // It is a zombie: a signal still reaches it.
  expect(process.kill(pid, 0)).toBe(true);
  expect(isRunning(pid)).toBe(false);
});
