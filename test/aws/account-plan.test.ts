import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { expect, onTestFinished, test } from 'vitest';
import { isOnFreePlan } from '../../src/aws/account-plan.ts';
import type { AwsRequest } from '../support/aws-request.ts';
import { startAwsStub } from '../support/aws-stub.ts';

/** Starts a stub of the service. */
async function openStub() {
  const aws = await startAwsStub();
  const client = new CloudFormationClient({ maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const controller = new AbortController();
  return {
    aws,
    stop: () => controller.abort(new Error('Stopped.')),
    answer: (body: unknown, status = 200) =>
      aws.stub('freetier:GetAccountPlanState', () => ({ status, body: JSON.stringify(body) })),
    read: () => isOnFreePlan(client.config, controller.signal),
  };
}

test.each([
  ['FREE', true],
  ['PAID', false],
])('an account with the plan %s is on the free plan: %s', async (accountPlanType, expected) => {
  const { answer, read } = await openStub();
  answer({ accountId: '123456789012', accountPlanType, accountPlanStatus: 'ACTIVE' });
  expect(await read()).toBe(expected);
});

test('the request is signed for the service and its only region', async () => {
  const { aws, read } = await openStub();
  const requests: AwsRequest[] = [];
  aws.stub('freetier:GetAccountPlanState', (request) => {
    requests.push(request);
    return { status: 200, body: '{"accountPlanType":"PAID"}' };
  });
  await read();
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({ method: 'POST', path: '/' });
  expect(String(requests[0]?.body)).toBe('{}');
  expect(requests[0]?.headers).toMatchObject({
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'AWSFreeTierService.GetAccountPlanState',
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=test\/\d{8}\/us-east-1\/freetier\/aws4_request, SignedHeaders=.*x-amz-target.*, Signature=[0-9a-f]{64}$/,
    ),
  });
});

test('an account without a plan, which was opened before plans existed, is not on the free plan', async () => {
  const { answer, read } = await openStub();
  answer({ __type: 'com.amazonaws.freetier#ResourceNotFoundException', message: 'None.' }, 400);
  expect(await read()).toBe(false);
});

test.each([
  [
    {
      __type: 'AccessDeniedException',
      message: 'Not authorized to perform: freetier:GetAccountPlanState',
    },
    400,
    'Cannot read the plan of the AWS account: AWS returned AccessDeniedException: Not authorized to perform: freetier:GetAccountPlanState.',
  ],
  [
    'an answer of a proxy',
    502,
    /^Cannot read the plan of the AWS account: AWS returned the status 502\.$/,
  ],
  [{}, 200, /^Cannot read the plan of the AWS account: /],
])('an unusable answer is an error of one line (%j)', async (body, status, message) => {
  const { answer, read } = await openStub();
  answer(body, status);
  const error = await read().then(
    () => null,
    (reason: Error) => reason.message,
  );
  expect(error).toMatch(message);
  expect(error).not.toContain('\n');
});

test('a lost connection is an error, and the signal ends the request', async () => {
  const { aws, read, stop } = await openStub();
  aws.loseResponse('freetier:GetAccountPlanState');
  await expect(read()).rejects.toThrow(
    'Cannot read the plan of the AWS account: other side closed.',
  );
  aws.hang('freetier:GetAccountPlanState');
  aws.onRequest = stop;
  await expect(read()).rejects.toThrow('Stopped.');
});
