import { OperatorError } from '../errors/operator-error.ts';

/**
 * Runs a program's main function. When `main` fails, this prints the error and ends the process with status 1: the
 * message alone of an OperatorError, the stack of any other error.
 */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof OperatorError ? error.message : error);
    process.exit(1);
  }
}
