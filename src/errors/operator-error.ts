/** An error that the operator can fix. A program prints only its message, and exits with status 1. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}
