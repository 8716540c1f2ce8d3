import { expect, test } from 'vitest';
import {
  isAwsError,
  isTransient,
  NOT_ALLOWED_HINT,
  wasRefused,
  withAwsError,
} from '../../src/aws/errors.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

interface Metadata {
  httpStatusCode?: number;
  attempts?: number;
}

/** An error as AWS's SDK throws it. */
function awsError(name: string, $metadata: Metadata = {}, code?: string): Error {
  return Object.assign(new Error('The reason is here.'), {
    name,
    $metadata,
    ...(code && { code }),
  });
}

const REFUSED = { httpStatusCode: 403, attempts: 1 };

test.each([
  ['a refusal', awsError('AccessDenied', REFUSED), true],
  ['a refusal of a repeated request', awsError('AccessDenied', { ...REFUSED, attempts: 2 }), false],
  ['a failure of AWS', awsError('InternalError', { httpStatusCode: 500, attempts: 1 }), false],
  ['a lost response', awsError('Error', { attempts: 1 }, 'ECONNRESET'), false],
  ['an error of others', new Error('no'), false],
])('wasRefused of %s is whether AWS did nothing', (_, error, isRefusal) => {
  expect(wasRefused(error)).toBe(isRefusal);
  expect(wasRefused(new OperatorError('Cannot do it', { cause: error }))).toBe(isRefusal);
});

test.each([
  ['a refusal', awsError('AccessDenied', REFUSED), false],
  ['throttling', awsError('ThrottlingException', { httpStatusCode: 400 }), true],
  ['a failure of AWS', awsError('InternalError', { httpStatusCode: 500 }), true],
  ['a lost response', awsError('Error', {}, 'ECONNRESET'), true],
  ['a request without a response', awsError('TimeoutError'), true],
  ['an error of others', Object.assign(new Error('no'), { code: 'ENOENT' }), false],
])('isTransient of %s is whether a retry may succeed', (_, error, canSucceedLater) => {
  expect(isTransient(error)).toBe(canSucceedLater);
  expect(isTransient(new OperatorError('Cannot do it', { cause: error }))).toBe(canSucceedLater);
});

test('withAwsError throws an OperatorError with the attempt, the error of AWS, and a hint, and other errors unchanged', async () => {
  const refused = withAwsError(
    'Cannot create it',
    Promise.reject(awsError('AccessDenied', REFUSED)),
  );
  const error = await refused.catch((reason: unknown) => reason);
  expect(error).toEqual(
    new OperatorError(
      `Cannot create it: AWS returned AccessDenied: The reason is here. ${NOT_ALLOWED_HINT}`,
    ),
  );
  expect(isAwsError(error, 'NoSuchBucket', 'AccessDenied')).toBe(true);
  const bug = new TypeError('a fault in the program');
  await expect(withAwsError('Cannot create it', Promise.reject(bug))).rejects.toBe(bug);
});

test.each(['DBSnapshotNotFound', 'DBSnapshotNotFoundFault', 'DBSnapshotNotFoundException'])(
  'isAwsError recognizes %s by its name without a suffix',
  (name) => {
    expect(isAwsError(awsError(name), 'DBSnapshotNotFound')).toBe(true);
    expect(isAwsError(awsError(name), 'DBSnapshot')).toBe(false);
    expect(isAwsError(Object.assign(new Error('no'), { name }), 'DBSnapshotNotFound')).toBe(false);
  },
);
