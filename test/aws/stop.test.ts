import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('stop-program.ts', import.meta.url));

/** A program that hears stops, for at most so many hours. */
interface Listener {
  process: ChildProcess;
  /** The next word that it tells its parent. */
  nextWord: () => Promise<unknown>;
  /** Waits until it has printed this. */
  prints: (words: RegExp) => Promise<void>;
  /** All that it has printed, once it has ended. */
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
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const prints = async (words: RegExp) => {
    while (!words.test(output)) await once(child.stdout ?? child, 'data');
  };
  const nextWord = async () => {
    const [word] = (await once(child, 'message')) as unknown[];
    return word;
  };
  expect(await nextWord()).toBe('ready');
  return { process: child, nextWord, prints, output: () => closed.then(() => output) };
}

/** Lets it end, and expects that it does so in order. */
async function endInOrder({ process, nextWord }: Listener): Promise<void> {
  const ended = nextWord();
  process.send('end');
  expect(await ended).toBe('ended');
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s aborts the signal of a command, and does not end it, however often it comes',
  async (name) => {
    const listener = await startListener();
    const reason = listener.nextWord();
    listener.process.kill(name);
    expect(await reason).toBe(`Stopped by ${name}.`);
    listener.process.kill(name);
    await listener.prints(/Still/);
    await endInOrder(listener);
    expect(await listener.output()).toBe(
      `${name}: stopping, and putting things in order first …\n` +
        'Still putting things in order: broken off now, something would go on costing.\n',
    );
  },
);

test('a fault in the program aborts the signal, and does not end the program', async () => {
  const listener = await startListener();
  const reason = listener.nextWord();
  listener.process.send('fail');
  expect(await reason).toBe('Stopped by a fault in the program: A fault.');
  await endInOrder(listener);
  expect(await listener.output()).toMatch(/^Error: A fault\.\n +at /);
});

test('a command that takes longer than it may is stopped', async () => {
  const tenthOfASecond = 1 / 36_000;
  const listener = await startListener(tenthOfASecond);
  expect(await listener.nextWord()).toMatch(
    /^Stopped: it has taken \S+ hours, the most that it may\.$/,
  );
  await endInOrder(listener);
});

test('a terminal that is closed does not stop a command that prints', async () => {
  const listener = await startListener();
  const { process, nextWord } = listener;
  process.stdout?.destroy();
  const printed = nextWord();
  process.send('print');
  expect(await printed).toBe('printed');
  const reason = nextWord();
  process.kill('SIGTERM');
  expect(await reason).toBe('Stopped by SIGTERM.');
  await endInOrder(listener);
});
