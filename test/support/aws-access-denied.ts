import { expect } from 'vitest';
import { type AwsStub, startAwsStub } from './aws-stub.ts';
import type { AwsResponse, AwsRequest } from './aws-request.ts';

/** Opens a front that has nothing, and grants everything. */
export function startEmptyAws(): Promise<AwsStub> {
  return startAwsStub(({ action, headers }: AwsRequest): AwsResponse => {
    if (headers['x-amz-target']) return { status: 200, body: '{}' };
    if (action.startsWith('s3:')) return { status: 200, body: '' };
    const name = action.split(':')[1];
    const body = `<${name}Response><${name}Result/></${name}Response>`;
    return { status: 200, headers: { 'content-type': 'text/xml' }, body };
  });
}

/** Looks that a function fails for want of a permission, and says what it could not do, and where the policy is. */
export async function expectAccessDenied(call: () => Promise<unknown>): Promise<void> {
  await expect(call()).rejects.toThrow(
    /^Cannot [^:].*: AWS says AccessDenied: .* \(docs\/ has the IAM policy that allows all that is needed\)/,
  );
}
