import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type ForkedProgram, forkProgram } from '../support/fork-program.ts';

const PROGRAM = fileURLToPath(new URL('shutdown-program.ts', import.meta.url));

/** Starts a program that hears stops, for at most so many hours. */
async function startListener(maxHours = 1): Promise<ForkedProgram> {
  const listener = forkProgram(PROGRAM, [String(maxHours)]);
  expect(await listener.nextMessage()).toBe('ready');
  return listener;
}

/** Ends the program, and expects that it answers. */
async function endInOrder({ process, nextMessage }: ForkedProgram): Promise<void> {
  process.send('end');
  expect(await nextMessage()).toBe('ended');
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s aborts the signal of a command, and does not end it, however often it comes',
  async (name) => {
    const listener = await startListener();
    listener.process.kill(name);
    expect(await listener.nextMessage()).toBe(`Stopped by ${name}.`);
    listener.process.kill(name);
    await listener.waitForOutput(/Still/);
    await endInOrder(listener);
    const { output } = await listener.ended;
    expect(output).toBe(
      `${name}: stopping, and putting things in order first …\n` +
        'Still putting things in order: broken off now, something would go on costing.\n',
    );
  },
);

test('a fault in the program aborts the signal, and does not end the program', async () => {
  const listener = await startListener();
  listener.process.send('fail');
  expect(await listener.nextMessage()).toBe('Stopped by a fault in the program: A fault.');
  await endInOrder(listener);
  const { output } = await listener.ended;
  expect(output).toMatch(/^Error: A fault\.\n +at /);
});

test('a command that takes longer than it may is stopped', async () => {
  const tenthOfASecond = 1 / 36_000;
  const listener = await startListener(tenthOfASecond);
  expect(await listener.nextMessage()).toMatch(
    /^Stopped: it has taken \S+ hours, the most that it may\.$/,
  );
  await endInOrder(listener);
});

test('a terminal that is closed does not stop a command that prints', async () => {
  const listener = await startListener();
  const { process, nextMessage } = listener;
  process.stdout?.destroy();
  process.send('print');
  expect(await nextMessage()).toBe('printed');
  process.kill('SIGTERM');
  expect(await nextMessage()).toBe('Stopped by SIGTERM.');
  await endInOrder(listener);
});
