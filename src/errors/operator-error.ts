/** A failure that the operator can mend: a program prints the message alone, and exits with status 1. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}
