import { fork } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { COMPILE_CACHE, observeProcess, type Program } from './programs.ts';

/** A program that exchanges messages with the test that started it. */
export interface ForkedProgram extends Program {
  /** Returns the next message of the program. Rejects if the program ends first. */
  nextMessage: () => Promise<unknown>;
}

/** Starts a Node program with an IPC channel and the environment of the test. It is killed at the end of the test. */
export function forkProgram(file: string, parameters: string[]): ForkedProgram {
  const child = fork(file, parameters, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    execArgv: [],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const program = observeProcess(child);
  const unread: unknown[] = [];
  // One listener for all messages: one read can deliver two of them, and `once` would miss the second.
  child.on('message', (message) => unread.push(message));
  const end = program.ended.then(() => {
    throw new Error(`The program has ended. ${JSON.stringify(program.output)}`);
  });
  // Without this handler, the rejection ends the test run if no message is awaited.
  end.catch(() => undefined);
  return {
    ...program,
    nextMessage: async () => {
      if (unread.length === 0) await Promise.race([once(child, 'message'), end]);
      return unread.shift();
    },
  };
}
