import { expect, test } from 'vitest';
import { withAwsError, awsErrorName, isTransient, wasRefused } from '../../src/aws/errors.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

interface Metadata {
  httpStatusCode?: number;
  attempts?: number;
}

/** An error as AWS's SDK throws it. */
function awsError(name: string, $metadata: Metadata = {}, code?: string): Error {
  return Object.assign(new Error('It says why.'), { name, $metadata, ...(code && { code }) });
}

const REFUSED = { httpStatusCode: 403, attempts: 1 };

test.each([
  ['a refusal', awsError('AccessDenied', REFUSED), true],
  [
    'a refusal of what was asked again',
    awsError('AccessDenied', { ...REFUSED, attempts: 2 }),
    false,
  ],
  ['a failure of AWS', awsError('InternalError', { httpStatusCode: 500, attempts: 1 }), false],
  ['an answer that was lost', awsError('Error', { attempts: 1 }, 'ECONNRESET'), false],
  ['an error of others', new Error('no'), false],
])('wasRefused of %s is whether AWS did nothing', (_, error, isRefusal) => {
  expect(wasRefused(error)).toBe(isRefusal);
  expect(wasRefused(new OperatorError('Cannot do it', { cause: error }))).toBe(isRefusal);
});

test.each([
  ['a refusal', awsError('AccessDenied', REFUSED), false],
  ['throttling', awsError('ThrottlingException', { httpStatusCode: 400 }), true],
  ['a failure of AWS', awsError('InternalError', { httpStatusCode: 500 }), true],
  ['an answer that was lost', awsError('Error', {}, 'ECONNRESET'), true],
  ['a request without a response', awsError('TimeoutError'), true],
  ['an error of others', Object.assign(new Error('no'), { code: 'ENOENT' }), false],
])('isTransient of %s is whether a retry may succeed', (_, error, canSucceedLater) => {
  expect(isTransient(error)).toBe(canSucceedLater);
  expect(isTransient(new OperatorError('Cannot do it', { cause: error }))).toBe(canSucceedLater);
});

test('a refusal is explained by what was tried, what AWS says, and what to do', async () => {
  const refused = withAwsError('Cannot make it', Promise.reject(awsError('AccessDenied', REFUSED)));
  const error = await refused.catch((reason: unknown) => reason);
  expect(error).toEqual(
    new OperatorError(
      'Cannot make it: AWS says AccessDenied: It says why. (docs/ has the IAM policy that allows all that is needed)',
    ),
  );
  expect(awsErrorName(error)).toBe('AccessDenied');
  const bug = new TypeError('a fault in the program');
  await expect(withAwsError('Cannot make it', Promise.reject(bug))).rejects.toBe(bug);
});
