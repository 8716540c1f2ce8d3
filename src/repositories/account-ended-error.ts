import { AppError } from '../errors/app-error.ts';

/** Returns the error of a request whose user was suspended or deleted after the request had begun. */
export function createAccountEndedError(): AppError {
  return new AppError('unauthenticated', 'Your account was suspended or deleted.');
}
