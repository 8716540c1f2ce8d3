import { ListChangeSetsCommand } from '@aws-sdk/client-cloudformation';
import { describe, expect, test } from 'vitest';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { waitUntilStable } from '../../../src/cloud/stack/wait-until-stable.ts';
import { findStack } from '../../../src/cloud/stack/stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { openStubStack, type StubStack } from './stub-stack.ts';

const TEMPLATE = `
Parameters:
  Size: { Type: String, Default: '1' }
  Snapshot: { Type: String, Default: '' }
Resources:
  Volume:
    Type: AWS::EC2::Volume
    Properties: { Size: { Ref: Size } }
  Database:
    Type: AWS::RDS::DBInstance
    Properties: { DBSnapshotIdentifier: { Ref: Snapshot } }
`;

interface Changes {
  parameters?: Record<string, string>;
  dryRun?: boolean;
  mayReplaceDatabase?: boolean;
}

/** Creates or changes the stack. */
async function change(stubStack: StubStack, changes: Changes = {}): Promise<void> {
  const { parameters = {}, dryRun = false, ...rest } = changes;
  const cloud = stubStack.open();
  const stack = await waitUntilStable(cloud);
  const given = Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
    ParameterKey,
    ParameterValue,
  }));
  await changeStack(cloud, stack, { template: TEMPLATE, parameters: given, dryRun, ...rest });
}

/** Returns the status of the stack, its parameter Size, and the number of change sets. */
async function readState({ open, aws }: StubStack) {
  const cloud = open();
  const stack = await findStack(cloud);
  const listed = stack && new ListChangeSetsCommand({ StackName: stack.id });
  const sets = listed && (await cloud.clients.cloudFormation.send(listed)).Summaries;
  aws.actions.length = 0;
  const { status = null, parameters } = stack ?? {};
  return { status, size: parameters?.Size, changeSets: sets?.length ?? 0 };
}

describe.each([
  ['creates', false, { status: 'CREATE_COMPLETE', size: '2', changeSets: 0 }],
  ['changes', true, { status: 'UPDATE_COMPLETE', size: '2', changeSets: 0 }],
])('a change set that %s a stack', (_, isThere, done) => {
  const larger = { parameters: { Size: '2' } };

  async function openBefore() {
    const stubStack = await openStubStack();
    if (isThere) await change(stubStack);
    return { stubStack, before: await readState(stubStack) };
  }

  /** Lists the requests of the change, in order. */
  async function listRequests(): Promise<string[]> {
    const { stubStack } = await openBefore();
    await change(stubStack, larger);
    return [...stubStack.aws.actions];
  }

  test('is executed, and tags the stack', async () => {
    const { stubStack, before } = await openBefore();
    expect(before.status).toBe(isThere ? 'CREATE_COMPLETE' : null);
    await change(stubStack, larger);
    const { tags } = (await findStack(stubStack.open())) ?? {};
    expect(tags).toEqual({ 'minitwit:stack': 'minitwit' });
    expect(await readState(stubStack)).toEqual(done);
  });

  test('is deleted when the command is stopped before ExecuteChangeSet, and takes effect when it is stopped later', async () => {
    const requests = await listRequests();
    const begun = requests.indexOf('cloudformation:ExecuteChangeSet');
    expect(begun).toBeGreaterThan(3);
    const { stubStack, before } = await openBefore();
    const stopAt = (index: number) => {
      stubStack.aws.onRequest = () => {
        if (stubStack.aws.actions.length === index + 1) stubStack.stop();
      };
      return change(stubStack, larger).then(() => 'done', errorMessage);
    };
    for (const [index, action] of requests.slice(0, begun).entries()) {
      const where = `${index}: ${action}`;
      expect(await stopAt(index), where).toBe('Stopped by SIGINT.');
      stubStack.aws.onRequest = () => undefined;
      expect(stubStack.aws.actions, where).not.toContain('cloudformation:ExecuteChangeSet');
      expect(await readState(stubStack), where).toEqual(before);
    }
    expect(await stopAt(begun)).toMatch(/^Stopped by SIGINT\. AWS continues to change the stack/);
    stubStack.aws.onRequest = () => undefined;
    await waitUntilStable(stubStack.open());
    expect(await readState(stubStack)).toEqual(done);
  });

  test('is deleted when a request is refused, and the error has the reason', async () => {
    const requests = await listRequests();
    const { stubStack, before } = await openBefore();
    for (const action of new Set(requests)) {
      stubStack.aws.fail(action, 'AccessDenied');
      const outcome = await change(stubStack, larger).then(() => 'done', errorMessage);
      stubStack.aws.clearFaults();
      expect(outcome, action).toMatch(/^Cannot .* stack minitwit: AWS returned AccessDenied: /);
      expect(await readState(stubStack), action).toEqual(before);
    }
  });

  test('is executed once, whichever response is lost', async () => {
    for (const action of new Set(await listRequests())) {
      const { stubStack } = await openBefore();
      stubStack.aws.loseResponse(action);
      await change(stubStack, larger);
      expect(stubStack.aws.actions.filter((it) => it === action).length, action).toBeGreaterThan(1);
      expect(await readState(stubStack), action).toEqual(done);
    }
  });

  test('is deleted when all responses to CreateChangeSet are lost', async () => {
    const { stubStack, before } = await openBefore();
    stubStack.aws.loseResponse('cloudformation:CreateChangeSet', { times: Infinity });
    await expect(change(stubStack, larger)).rejects.toThrow('AWS cannot be reached');
    stubStack.aws.clearFaults();
    expect(await readState(stubStack)).toEqual(before);
  });

  test('is printed and deleted by a dry run, or named if it cannot be deleted', async () => {
    const { stubStack, before } = await openBefore();
    await change(stubStack, { ...larger, dryRun: true });
    expect(stubStack.lines).toContain(
      isThere ? '  ~ change   Volume (AWS::EC2::Volume)' : '  + add      Volume (AWS::EC2::Volume)',
    );
    expect(await readState(stubStack)).toEqual(before);

    stubStack.aws.fail('cloudformation:DeleteChangeSet', 'AccessDenied');
    await expect(change(stubStack, { ...larger, dryRun: true })).rejects.toThrow(
      isThere
        ? /AccessDenied.*\nThis may still exist: the change set (\S+): aws cloudformation delete-change-set --stack-name minitwit --change-set-name \1$/
        : /AccessDenied.*\nThis may still exist: the empty stack minitwit\. Run npm run cloud -- up/,
    );
    stubStack.aws.clearFaults();
    await change(stubStack, larger);
    expect(await readState(stubStack)).toEqual(done);
  });
});

test('changeStack refuses to delete the data in the database, except with mayReplaceDatabase', async () => {
  const stubStack = await openStubStack();
  await change(stubStack);
  const before = await readState(stubStack);
  const parameters = { Snapshot: 'another' };
  await expect(change(stubStack, { parameters })).rejects.toThrow(
    /would delete the data in the database: ± replace  Database .* Nothing was changed\..* npm run cloud -- restore SNAPSHOT/,
  );
  expect(await readState(stubStack)).toEqual(before);
  await change(stubStack, { parameters, mayReplaceDatabase: true });
  expect(await readState(stubStack)).toEqual({ ...before, status: 'UPDATE_COMPLETE' });
});

test('changeStack deletes a change set without changes', async () => {
  const stubStack = await openStubStack();
  await change(stubStack);
  const before = await readState(stubStack);
  await change(stubStack);
  expect(stubStack.lines).toContain('There is nothing to change.');
  expect(stubStack.aws.actions).not.toContain('cloudformation:ExecuteChangeSet');
  expect(await readState(stubStack)).toEqual(before);
});

test('changeStack reports a database that the rollback of a creation could not delete', async () => {
  const stubStack = await openStubStack();
  stubStack.fault = { resource: 'Volume', reason: 'There is no room.' };
  const message =
    /^Volume .*no room\. Database .* could not be removed, .* not currently in the available state.* is ROLLBACK_FAILED\. .* npm run cloud -- down first\.$/;
  await expect(change(stubStack)).rejects.toThrow(message);
  await expect(waitUntilStable(stubStack.open())).rejects.toThrow(message);
});

test('changeStack throws the failure after a rollback', async () => {
  const stubStack = await openStubStack();
  await change(stubStack);
  stubStack.fault = { resource: 'Volume', reason: 'There is no room.' };
  await expect(change(stubStack, { parameters: { Size: '2' } })).rejects.toThrow(
    /Volume .*no room\..* is UPDATE_ROLLBACK_COMPLETE\. /,
  );
  expect(await readState(stubStack)).toMatchObject({ size: '1', changeSets: 0 });
});
