import { OperatorError } from '../errors/operator-error.ts';

/** Returns one error that lists all problems which a preflight check has found, a line each. */
export function preflightError(problems: string[]): OperatorError {
  const lines = problems.map((problem) => `\n  ${problem}`);
  return new OperatorError(
    `Nothing was started. Fix this, then run the command again:${lines.join('')}`,
  );
}
