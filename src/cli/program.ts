import { OperatorError } from '../errors/operator-error.ts';

/**
 * Runs a program's main function; ends the process with status 1 when it fails. An OperatorError
 * is told in its own words, anything else with its stack.
 */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof OperatorError ? error.message : error);
    process.exit(1);
  }
}
