import { OperatorError } from '../errors/operator-error.ts';

/**
 * What AWS calls the error that it answered with, or what its SDK calls one of its own; also of one that `ask`
 * has explained. Null for others' errors.
 */
export function awsErrorName(error: unknown): string | null {
  if (error instanceof OperatorError) return awsErrorName(error.cause);
  return isSdkError(error) ? error.name : null;
}

const SDK_ERRORS = new Set(['CredentialsProviderError', 'TokenProviderError', 'TimeoutError']);

interface AwsError extends Error {
  /** What Node.js calls it, where it is of the network: `ECONNRESET`. */
  code?: string | undefined;
  $metadata?: { httpStatusCode?: number; attempts?: number };
}

function isSdkError(error: unknown): error is AwsError {
  return error instanceof Error && ('$metadata' in error || SDK_ERRORS.has(error.name));
}

function isNetworkError({ name, code }: AwsError): boolean {
  return name === 'TimeoutError' || /^E[A-Z_]+$/.test(code ?? '');
}

const NO_CREDENTIALS = 'set AWS_PROFILE, or log in as AWS describes';
const EXPIRED = 'log in again: the credentials have expired';
const NOT_ALLOWED = 'docs/ has the IAM policy that allows all that is needed';
const QUOTA = 'end what is not needed, or ask for more under Service Quotas';
const ADVICE: Record<string, string> = {
  CredentialsProviderError: NO_CREDENTIALS,
  AuthFailure: NO_CREDENTIALS,
  InvalidClientTokenId: NO_CREDENTIALS,
  SignatureDoesNotMatch: NO_CREDENTIALS,
  TokenProviderError: EXPIRED,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  RequestExpired: 'log in again, or set the clock: the credentials have expired',
  UnauthorizedOperation: NOT_ALLOWED,
  AccessDenied: NOT_ALLOWED,
  AccessDeniedException: NOT_ALLOWED,
  VcpuLimitExceeded: QUOTA,
  SecurityGroupLimitExceeded: QUOTA,
  LimitExceededException: QUOTA,
  TooManyBuckets: QUOTA,
  InsufficientInstanceCapacity: 'try again in some minutes, or with another type',
};

/**
 * Says an error of AWS's in one line: what was tried, what AWS answered, and what to do about it where that is
 * known. Others' errors come back as they are.
 */
export function toOperatorError(attempt: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  // what AWS encodes there is long, and for whoever may decode it
  const message = error.message.replace(/\s+/g, ' ').replace(/ ?Encoded auth\w+ failure .*/, '');
  if (/^Region (is missing|not accepted)/.test(message)) {
    return new OperatorError('AWS needs to know the region: set AWS_REGION, such as us-east-1.');
  }
  if (!isSdkError(error)) return error;
  return new OperatorError(`${attempt}: ${formatAwsError(error, message)}`, { cause: error });
}

function formatAwsError(error: AwsError, message: string): string {
  const { name, code } = error;
  if (isNetworkError(error)) return `AWS cannot be reached (${message || code})`;
  const advice = ADVICE[name] ? ` (${ADVICE[name]})` : '';
  return `AWS says ${name}: ${message}${advice}`;
}

/**
 * Waits for an answer of AWS's.
 * @param attempt what is asked for: `Cannot attach the volume`
 * @throws OperatorError when AWS refuses, as `explainAws` says it
 */
export async function withAwsError<Answer>(
  attempt: string,
  answer: Promise<Answer>,
): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw toOperatorError(attempt, error);
  }
}

const THROTTLED = new Set(['RequestLimitExceeded', 'Throttling', 'ThrottlingException']);

/**
 * Whether the same may well be answered in a minute: AWS was throttling, failed by itself, or was not reached. What
 * was asked for may have been done all the same.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof OperatorError) return isTransient(error.cause);
  if (!isSdkError(error)) return false;
  if (isNetworkError(error)) return true;
  const { name, $metadata } = error;
  return THROTTLED.has(name) || ($metadata?.httpStatusCode ?? 0) >= 500;
}

/** Whether AWS refused what was asked for when it was first asked: nothing of it was done. */
export function wasRefused(error: unknown): boolean {
  if (error instanceof OperatorError) return wasRefused(error.cause);
  if (!isSdkError(error)) return false;
  const { httpStatusCode = 0, attempts } = error.$metadata ?? {};
  return attempts === 1 && httpStatusCode >= 400 && httpStatusCode < 500;
}

/**
 * Gives null where AWS says that there is no such thing: `InvalidVolume.NotFound`, `InvalidAMIID.Malformed`. Just
 * after something was created it says so too.
 */
export async function nullIfNotFound<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (/\.(NotFound|Malformed|Unavailable)$/.test(awsErrorName(error) ?? '')) return null;
    throw error;
  }
}

/** Gives null where AWS answers with this error, which is as good; IAM's `Exception` at its end is left out. */
export async function nullIfAwsError<Answer>(
  name: string,
  answer: Promise<Answer>,
): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (awsErrorName(error)?.replace(/Exception$/, '') === name) return null;
    throw error;
  }
}
