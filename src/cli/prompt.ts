import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/** Prompts the operator, and returns the answer; an empty one when stdin has ended. */
export type Prompt = (question: string) => Promise<string>;

/** Prompts the operator in the terminal of this process. */
export const promptInTerminal: Prompt = async (question) => {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = once(terminal, 'close').then(() => '');
  try {
    return await Promise.race([terminal.question(question), ended]);
  } finally {
    terminal.close();
  }
};
