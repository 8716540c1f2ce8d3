/** An error that the operator can fix. A program prints only its message, and exits with status 1. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

/**
 * Returns an OperatorError with a sentence added to its message, and its cause. Other errors are returned unchanged.
 */
export function addSentence(error: unknown, sentence: string): unknown {
  if (!(error instanceof OperatorError)) return error;
  return new OperatorError(`${error.message} ${sentence}`, { cause: error });
}
