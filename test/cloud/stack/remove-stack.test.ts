import { expect, test } from 'vitest';
import { removeStack, waitUntilRemovable } from '../../../src/cloud/stack/remove-stack.ts';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { toChangedParameters } from '../../../src/cloud/stack/parameters.ts';
import { findStack, requireStack, type Stack } from '../../../src/cloud/stack/stack.ts';
import { formatStackContinues } from '../../../src/cloud/stack/watch-stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { openStubStack, type StubStack } from './stub-stack.ts';
import { createSiteStack } from './site-stack.ts';

async function createStack(): Promise<StubStack> {
  const stubStack = await openStubStack();
  await createSiteStack(stubStack);
  return stubStack;
}

/** Removes the stack, and returns `done` or the message of the error. */
async function remove({ open, aws }: StubStack, stack?: Stack): Promise<string> {
  const cloud = open();
  const found = stack ?? (await requireStack(cloud));
  aws.actions.length = 0;
  return removeStack(cloud, found).then(() => 'done', errorMessage);
}

const isThere = async ({ open }: StubStack) => (await findStack(open())) !== null;

test('removeStack waits until the stack is deleted, and logs each resource', async () => {
  const stubStack = await createStack();
  expect(await remove(stubStack)).toBe('done');
  expect(stubStack.aws.actions.slice(0, 3)).toEqual([
    'cloudformation:DescribeStackEvents',
    'cloudformation:DeleteStack',
    'cloudformation:DescribeStackEvents',
  ]);
  expect(stubStack.lines).toContainEqual(
    expect.stringMatching(/^Group \(AWS::EC2::SecurityGroup\): removed after \d+ s$/),
  );
  expect(await isThere(stubStack)).toBe(false);
});

test('removeStack, stopped before DeleteStack, removes nothing, and waits again when it was stopped later', async () => {
  for (const [index, isBegun] of [false, true, true].entries()) {
    const stubStack = await createStack();
    const { aws } = stubStack;
    const stack = await requireStack(stubStack.open());
    aws.onRequest = () => {
      if (aws.actions.length === index + 1) stubStack.stop();
    };
    const outcome = await remove(stubStack, stack);
    aws.onRequest = () => undefined;
    const place = `${index}: ${aws.actions[index]}`;
    expect(outcome, place).toBe(
      isBegun
        ? `Stopped by SIGINT. ${formatStackContinues({ stackName: 'minitwit' })}`
        : 'Stopped by SIGINT.',
    );
    expect(aws.actions.includes('cloudformation:DeleteStack'), place).toBe(isBegun);
    const status = isBegun ? 'DELETE_IN_PROGRESS' : stack.status;
    expect(await remove(stubStack, { ...stack, status }), place).toBe('done');
    expect(aws.actions.includes('cloudformation:DeleteStack'), place).toBe(!isBegun);
    expect(await isThere(stubStack), place).toBe(false);
  }
});

test('removeStack repeats a DeleteStack whose response is lost, and can be run again after a refusal', async () => {
  const lost = await createStack();
  lost.aws.loseResponse('cloudformation:DeleteStack');
  expect(await remove(lost)).toBe('done');
  expect(await isThere(lost)).toBe(false);

  const refused = await createStack();
  refused.aws.fail('cloudformation:DeleteStack', 'AccessDenied', { times: 1 });
  expect(await remove(refused)).toMatch(
    /^Cannot remove the stack minitwit: AWS returned AccessDenied/,
  );
  expect(await isThere(refused)).toBe(true);
  expect(await remove(refused)).toBe('done');
  expect(await isThere(refused)).toBe(false);
});

test('removeStack prints the resources that AWS cannot remove and a hint, and continues when it is run again', async () => {
  const stubStack = await createStack();
  const reason = 'resource sg-1 has a dependent object (Service: Ec2, Status Code: 400)';
  stubStack.fault = { resource: 'Group', reason };
  expect(await remove(stubStack)).toBe(
    'These resources of the stack minitwit could not be removed:\n' +
      `  Group (AWS::EC2::SecurityGroup): ${reason}. A resource outside of the stack uses it. Remove that first.\n` +
      'Correct this, then run npm run cloud -- down again.',
  );
  expect((await findStack(stubStack.open()))?.status).toBe('DELETE_FAILED');
  expect(await remove(stubStack)).toBe('done');
  expect(await isThere(stubStack)).toBe(false);
});

test('waitUntilRemovable waits until a change has ended, also if the change fails', async () => {
  const stubStack = await createStack();
  const cloud = stubStack.open();
  const stack = await requireStack(cloud);
  stubStack.aws.onRequest = (action) => {
    if (action === 'cloudformation:ExecuteChangeSet') stubStack.stop();
  };
  stubStack.fault = { resource: 'SetUpPolicy', reason: 'It is in use.' };
  const parameters = toChangedParameters(stack, { SetUp: 'no' });
  const changed = changeStack(cloud, stack, { template: null, parameters, dryRun: false });
  await expect(changed).rejects.toThrow('AWS continues');
  stubStack.aws.onRequest = () => undefined;
  await waitUntilRemovable(stubStack.open(), { ...stack, status: 'UPDATE_IN_PROGRESS' });
  expect(stubStack.lines[0]).toBe(
    'AWS is changing the stack minitwit. Waiting until that has ended …',
  );
  expect(stubStack.lines).toContain('SetUpPolicy (AWS::IAM::Policy): DELETE_FAILED: It is in use.');
  expect(await remove(stubStack)).toBe('done');
});
