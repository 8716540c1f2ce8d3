import { expect } from 'vitest';
import { NOT_ALLOWED_HINT } from '../../src/aws/errors.ts';
import { type AwsStub, startAwsStub } from './aws-stub.ts';
import type { AwsResponse, AwsRequest } from './aws-request.ts';

/** Starts a stub of an empty account, which refuses no request. */
export function startEmptyAws(): Promise<AwsStub> {
  return startAwsStub(({ action, headers }: AwsRequest): AwsResponse => {
    if (headers['x-amz-target']) return { status: 200, body: '{}' };
    if (action.startsWith('s3:')) return { status: 200, body: '' };
    const name = action.split(':')[1];
    const body = `<${name}Response><${name}Result/></${name}Response>`;
    return { status: 200, headers: { 'content-type': 'text/xml' }, body };
  });
}

/** Expects that a function throws what it could not do, AWS's error, and where the IAM policy is. */
export async function expectAccessDenied(call: () => Promise<unknown>): Promise<void> {
  await expect(call()).rejects.toThrow(
    new RegExp(`^Cannot [^:].*: AWS returned AccessDenied: .* ${NOT_ALLOWED_HINT}$`, 'm'),
  );
}
