import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';

// Programs start faster when they find what an earlier one compiled.
const COMPILE_CACHE = resolve('node_modules/.cache/compile');

/** A program that exchanges messages with the test that started it. */
export interface ForkedProgram {
  process: ChildProcess;
  /** Returns the next message that the program sent. Rejects when it has exited. */
  nextMessage: () => Promise<unknown>;
  /** Waits until the program has printed this. Rejects when it has exited. */
  waitForOutput: (words: RegExp) => Promise<void>;
  /** Resolves after the exit with all that the program printed, and its status: null when a signal ended it. */
  ended: Promise<{ status: number | null; output: string }>;
}

/** Starts a program with an IPC channel. It is killed when the test has finished. */
export function forkProgram(
  file: string,
  parameters: string[],
  environment: Record<string, string> = {},
): ForkedProgram {
  const child = fork(file, parameters, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...environment, NODE_COMPILE_CACHE: COMPILE_CACHE },
    execArgv: [],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const unread: unknown[] = [];
  // One listener for all messages: one read can deliver two of them, and `once` would miss the second.
  child.on('message', (message) => unread.push(message));
  const ended = once(child, 'close').then(([status]) => ({
    status: status as number | null,
    output,
  }));
  const orExit = (event: Promise<unknown>) =>
    Promise.race([
      event,
      ended.then(() => {
        throw new Error(`The program has exited. It printed: ${output}`);
      }),
    ]);
  return {
    process: child,
    nextMessage: async () => {
      if (unread.length === 0) await orExit(once(child, 'message'));
      return unread.shift();
    },
    waitForOutput: async (words) => {
      const news = () =>
        Promise.race([child.stdout, child.stderr].map((it) => once(it ?? child, 'data')));
      while (!words.test(output)) await orExit(news());
    },
    ended,
  };
}
