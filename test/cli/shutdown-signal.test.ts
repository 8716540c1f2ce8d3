import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { formatStopping, STILL_CLEANING_UP } from '../../src/cli/shutdown-signal.ts';
import { type ForkedProgram, forkProgram } from '../support/fork-program.ts';

const PROGRAM = fileURLToPath(new URL('shutdown-program.ts', import.meta.url));

/** Starts a program that handles signals as a command does, with a time limit. */
async function startListener(maxHours = 1): Promise<ForkedProgram> {
  const listener = forkProgram(PROGRAM, [String(maxHours)]);
  expect(await listener.nextMessage()).toBe('ready');
  return listener;
}

/** Requests the end of the program, and expects its answer. */
async function requestEnd({ process, nextMessage }: ForkedProgram): Promise<void> {
  process.send('end');
  expect(await nextMessage()).toBe('ended');
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s aborts the signal of a command, and does not end the process, even when repeated',
  async (name) => {
    const listener = await startListener();
    listener.process.kill(name);
    expect(await listener.nextMessage()).toBe(`Stopped by ${name}.`);
    listener.process.kill(name);
    await listener.waitForOutput(new RegExp(STILL_CLEANING_UP));
    await requestEnd(listener);
    await listener.ended;
    expect(listener.output.stdout).toBe(`${formatStopping(name)}\n${STILL_CLEANING_UP}\n`);
  },
);

test('an uncaught exception aborts the signal, and does not end the process', async () => {
  const listener = await startListener();
  listener.process.send('fail');
  expect(await listener.nextMessage()).toBe('Stopped by an error in the program: A fault.');
  await requestEnd(listener);
  await listener.ended;
  expect(listener.output.stdout).toMatch(/^Error: A fault\.\n +at /);
});

test('a command is stopped at its time limit', async () => {
  const tenthOfASecond = 1 / 36_000;
  const listener = await startListener(tenthOfASecond);
  expect(await listener.nextMessage()).toMatch(
    /^Stopped after \S+ hours, the time limit of this command\.$/,
  );
  await requestEnd(listener);
});

test('a command can print after its terminal is closed', async () => {
  const listener = await startListener();
  const { process, nextMessage } = listener;
  process.stdout?.destroy();
  process.send('print');
  expect(await nextMessage()).toBe('printed');
  process.kill('SIGTERM');
  expect(await nextMessage()).toBe('Stopped by SIGTERM.');
  await requestEnd(listener);
});
