import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('stop-program.ts', import.meta.url));

/** A program that hears stops, for at most so many hours. */
interface Listener {
  process: ChildProcess;
  /** Returns the next message that it sent. Rejects when it has exited. */
  nextMessage: () => Promise<unknown>;
  /** Waits until it has printed this. Rejects when it has exited. */
  waitForOutput: (words: RegExp) => Promise<void>;
  /** Returns all that it printed, after it has exited. */
  output: () => Promise<string>;
}

async function startListener(maxHours = 1): Promise<Listener> {
  const child = fork(PROGRAM, [String(maxHours)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: [],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let output = '';
  const unread: unknown[] = [];
  // One listener for all messages: one read can deliver two of them, and `once` would miss the second.
  child.on('message', (message) => unread.push(message));
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const orExit = (event: Promise<unknown>) =>
    Promise.race([
      event,
      closed.then(() => {
        throw new Error(`The program exited. It printed: ${output}`);
      }),
    ]);
  const waitForOutput = async (words: RegExp) => {
    while (!words.test(output)) await orExit(once(child.stdout ?? child, 'data'));
  };
  const nextMessage = async () => {
    if (unread.length === 0) await orExit(once(child, 'message'));
    return unread.shift();
  };
  expect(await nextMessage()).toBe('ready');
  return { process: child, nextMessage, waitForOutput, output: () => closed.then(() => output) };
}

/** Ends the program, and expects that it answers. */
async function endInOrder({ process, nextMessage }: Listener): Promise<void> {
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
    expect(await listener.output()).toBe(
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
  expect(await listener.output()).toMatch(/^Error: A fault\.\n +at /);
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
