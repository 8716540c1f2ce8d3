import { AppError } from './app-error.ts';

/** Returns the error of a request that refers to an account which another request has just deleted. */
export function createDeletedError(cause?: unknown): AppError {
  const message = 'An account that this refers to was deleted at this moment. Nothing was changed.';
  return new AppError('conflict', message, { cause });
}
