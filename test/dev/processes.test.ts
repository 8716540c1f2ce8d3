import { expect, test } from 'vitest';
import { isRunning } from '../../src/dev/processes.ts';
import { startCommand } from '../support/programs.ts';
import { waitFor } from '../support/wait-for.ts';

test('isRunning is true until a process ends', async () => {
  const { process: child, ended } = startCommand(['sleep', '1000']);
  expect(isRunning(child.pid ?? 0)).toBe(true);
  child.kill('SIGKILL');
  await ended;
  expect(isRunning(child.pid ?? 0)).toBe(false);
});

test('isRunning is false for a zombie', async () => {
  // After `exec`, the parent is a program that does not wait for its children.
  const parent = startCommand(['sh', '-c', 'sleep 0 & echo $! && exec sleep 1000']);
  await parent.waitForOutput(/\d+/);
  const pid = Number(parent.output.stdout);
  await waitFor('the child has ended', () => !isRunning(pid));
  // Signals can still be sent to a zombie.
  expect(process.kill(pid, 0)).toBe(true);
  expect(isRunning(pid)).toBe(false);
});
