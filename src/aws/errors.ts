import { isThrottlingError } from '@smithy/core/retry';
import type { SdkError } from '@smithy/types';
import { OperatorError } from '../errors/operator-error.ts';

/** An error that AWS returned, or that its SDK threw before or without a response. */
interface AwsError extends Error {
  /** Node.js's code of a network error: `ECONNRESET`. */
  code?: string | undefined;
  $metadata?: { httpStatusCode?: number; attempts?: number };
}

const SDK_ERRORS = new Set(['CredentialsProviderError', 'TokenProviderError', 'TimeoutError']);

function isSdkError(error: unknown): error is AwsError {
  return error instanceof Error && ('$metadata' in error || SDK_ERRORS.has(error.name));
}

/** Returns the error of AWS or its SDK: the given one, or the cause of an OperatorError. Null for other errors. */
export function findAwsError(error: unknown): AwsError | null {
  if (error instanceof OperatorError) return findAwsError(error.cause);
  return isSdkError(error) ? error : null;
}

/**
 * Returns whether an error, or the cause of an OperatorError, is AWS's and has one of these names, given without the
 * suffix `Exception` or `Fault` that some SDK clients append.
 */
export function isAwsError(error: unknown, ...names: string[]): boolean {
  const name = findAwsError(error)?.name;
  return name !== undefined && names.includes(name.replace(/(Exception|Fault)$/, ''));
}

function isNetworkError({ name, code }: AwsError): boolean {
  return name === 'TimeoutError' || /^E[A-Z_]+$/.test(code ?? '');
}

/** The message when no AWS region is configured. */
export const REGION_MISSING = 'The AWS region is not set. Set AWS_REGION, such as us-east-1.';

const NO_CREDENTIALS = 'Set AWS_PROFILE, or log in as AWS describes.';
const EXPIRED = 'The credentials have expired: log in again.';
/** The hint for a request that the operator's IAM policy does not allow. */
export const NOT_ALLOWED_HINT = 'docs/permissions.md lists the IAM policies of all commands.';
const QUOTA = 'Delete resources that you do not need, or request more in Service Quotas.';
const HINTS: Record<string, string> = {
  CredentialsProviderError: NO_CREDENTIALS,
  AuthFailure: NO_CREDENTIALS,
  InvalidAccessKeyId: NO_CREDENTIALS,
  InvalidClientTokenId: NO_CREDENTIALS,
  InvalidSignatureException: NO_CREDENTIALS,
  SignatureDoesNotMatch: NO_CREDENTIALS,
  UnrecognizedClientException: NO_CREDENTIALS,
  TokenProviderError: EXPIRED,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  RequestExpired: 'The credentials have expired, or the clock is wrong: log in again, or set it.',
  UnauthorizedOperation: NOT_ALLOWED_HINT,
  AccessDenied: NOT_ALLOWED_HINT,
  AccessDeniedException: NOT_ALLOWED_HINT,
  VcpuLimitExceeded: QUOTA,
  SecurityGroupLimitExceeded: QUOTA,
  LimitExceededException: QUOTA,
  TooManyBuckets: QUOTA,
  InsufficientInstanceCapacity: 'Try again in some minutes, or use another instance type.',
};

/**
 * Returns an OperatorError with a one-line message: the attempt, AWS's error, and a hint where one is known. Its cause
 * is AWS's error. Errors of other origin are returned unchanged.
 * @param attempt the first words of the message: `Cannot attach the volume`
 */
export function toOperatorError(attempt: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  // The encoded part is long, and only an administrator with a permission of its own can decode it.
  const message = error.message.replace(/\s+/g, ' ').replace(/ ?Encoded auth\w+ failure .*/, '');
  if (/^Region (is missing|not accepted)/.test(message)) {
    return new OperatorError(REGION_MISSING);
  }
  if (!isSdkError(error)) return error;
  return new OperatorError(`${attempt}: ${formatAwsError(error, message)}`, { cause: error });
}

function formatAwsError(error: AwsError, message: string): string {
  const { name, code } = error;
  if (isNetworkError(error)) return `AWS cannot be reached (${message || code}).`;
  const origin = SDK_ERRORS.has(name) ? '' : 'AWS returned ';
  const text = `${origin}${name}: ${message.replace(/\.?$/, '.')}`;
  return HINTS[name] ? `${text} ${HINTS[name]}` : text;
}

/**
 * Awaits the response to an AWS request.
 * @param attempt the first words of the error's message: `Cannot attach the volume`
 * @throws OperatorError when the request fails, see `toOperatorError`
 */
export async function withAwsError<Response>(
  attempt: string,
  response: Promise<Response>,
): Promise<Response> {
  try {
    return await response;
  } catch (error) {
    throw toOperatorError(attempt, error);
  }
}

/** Returns whether AWS refused a request because the operator's policies do not allow it. */
export function isAccessDenied(error: unknown): boolean {
  return HINTS[findAwsError(error)?.name ?? ''] === NOT_ALLOWED_HINT;
}

/**
 * Returns whether a request that failed with this error may succeed later: AWS throttled it, failed itself (5xx), or
 * was not reached. AWS may have carried out the request all the same.
 */
export function isTransient(error: unknown): boolean {
  const awsError = findAwsError(error);
  if (!awsError) return false;
  const isThrottled = isThrottlingError(awsError as SdkError);
  const { httpStatusCode = 0 } = awsError.$metadata ?? {};
  return isNetworkError(awsError) || isThrottled || httpStatusCode >= 500;
}

/**
 * Returns whether AWS certainly did nothing of a request: it refused the first attempt (4xx). After a retry this is
 * unknown, since an earlier attempt may have succeeded without a response.
 */
export function wasRefused(error: unknown): boolean {
  const { httpStatusCode = 0, attempts } = findAwsError(error)?.$metadata ?? {};
  return attempts === 1 && httpStatusCode >= 400 && httpStatusCode < 500;
}

/**
 * Resolves to null when AWS does not know the requested id: `InvalidVolume.NotFound`, `InvalidAMIID.Malformed`. Because
 * of eventual consistency, this includes resources that were just created.
 */
export async function nullIfNotFound<Response>(
  response: Promise<Response>,
): Promise<Response | null> {
  try {
    return await response;
  } catch (error) {
    if (/\.(NotFound|Malformed|Unavailable)$/.test(findAwsError(error)?.name ?? '')) return null;
    throw error;
  }
}

/** Resolves to null when AWS returns the error of this name, see `isAwsError`. */
export async function nullIfAwsError<Response>(
  name: string,
  response: Promise<Response>,
): Promise<Response | null> {
  try {
    return await response;
  } catch (error) {
    if (isAwsError(error, name)) return null;
    throw error;
  }
}
