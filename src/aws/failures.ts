import { OperatorError } from '../errors.ts';

/** What AWS calls an error that it answered with, or what its SDK calls one of its own; null for others' errors. */
export function awsErrorName(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const isOfAws = '$metadata' in error || '$fault' in error || SDK_ERRORS.has(error.name);
  return isOfAws ? error.name : null;
}

const SDK_ERRORS = new Set(['CredentialsProviderError', 'TokenProviderError', 'TimeoutError']);

const NO_CREDENTIALS = 'set AWS_PROFILE, or log in as AWS describes';
const ADVICE: Record<string, string> = {
  CredentialsProviderError: NO_CREDENTIALS,
  AuthFailure: NO_CREDENTIALS,
  InvalidClientTokenId: NO_CREDENTIALS,
  SignatureDoesNotMatch: NO_CREDENTIALS,
  ExpiredToken: 'log in again: the credentials have expired',
  ExpiredTokenException: 'log in again: the credentials have expired',
  RequestExpired: 'log in again, or set the clock: the credentials have expired',
  UnauthorizedOperation: 'the IAM policy in docs/warehouse.md allows all that is needed',
  AccessDenied: 'the IAM policy in docs/warehouse.md allows all that is needed',
};

/**
 * Says an error of AWS's in one line: what was tried, what AWS answered, and what to do about it where that is
 * known. Others' errors come back as they are.
 */
export function explainAws(attempt: string, error: unknown): unknown {
  const name = awsErrorName(error);
  if (name === null) return error;
  const advice = ADVICE[name] ? ` (${ADVICE[name]})` : '';
  const message = (error as Error).message.replace(/\s+/g, ' ');
  return new OperatorError(`${attempt}: AWS says ${name}: ${message}${advice}`, { cause: error });
}
