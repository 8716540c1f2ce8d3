import { OperatorError } from '../errors/operator-error.ts';

/** The one message about all problems there are. */
export function preflightError(problems: string[]): OperatorError {
  return new OperatorError(
    `Nothing was started, since:${problems.map((it) => `\n  ${it}`).join('')}`,
  );
}
