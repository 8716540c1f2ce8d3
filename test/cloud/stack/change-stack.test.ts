import { ListChangeSetsCommand } from '@aws-sdk/client-cloudformation';
import { describe, expect, test } from 'vitest';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { waitUntilStable } from '../../../src/cloud/stack/wait-until-stable.ts';
import { findStack } from '../../../src/cloud/stack/stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { openPaperStack, type PaperStack } from './paper-stack.ts';

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
async function change(paper: PaperStack, changes: Changes = {}): Promise<void> {
  const { parameters = {}, dryRun = false, ...rest } = changes;
  const cloud = paper.open();
  const stack = await waitUntilStable(cloud);
  const given = Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
    ParameterKey,
    ParameterValue,
  }));
  await changeStack(cloud, stack, { template: TEMPLATE, parameters: given, dryRun, ...rest });
}

/** Returns the status of the stack, its parameter Size, and the number of change sets. */
async function look({ open, aws }: PaperStack) {
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
    const paper = await openPaperStack();
    if (isThere) await change(paper);
    return { paper, before: await look(paper) };
  }

  /** Lists the requests of the change, in order. */
  async function listRequests(): Promise<string[]> {
    const { paper } = await openBefore();
    await change(paper, larger);
    return [...paper.aws.actions];
  }

  test('is executed, and tags the stack', async () => {
    const { paper, before } = await openBefore();
    expect(before.status).toBe(isThere ? 'CREATE_COMPLETE' : null);
    await change(paper, larger);
    const { tags } = (await findStack(paper.open())) ?? {};
    expect(tags).toEqual({ 'minitwit:stack': 'minitwit' });
    expect(await look(paper)).toEqual(done);
  });

  test('is deleted when the command is stopped before ExecuteChangeSet, and takes effect when it is stopped later', async () => {
    const requests = await listRequests();
    const begun = requests.indexOf('cloudformation:ExecuteChangeSet');
    expect(begun).toBeGreaterThan(3);
    const { paper, before } = await openBefore();
    const stopAt = (index: number) => {
      paper.aws.onRequest = () => {
        if (paper.aws.actions.length === index + 1) paper.stop();
      };
      return change(paper, larger).then(() => 'done', errorMessage);
    };
    for (const [index, action] of requests.slice(0, begun).entries()) {
      const where = `${index}: ${action}`;
      expect(await stopAt(index), where).toBe('Stopped by SIGINT.');
      paper.aws.onRequest = () => undefined;
      expect(paper.aws.actions, where).not.toContain('cloudformation:ExecuteChangeSet');
      expect(await look(paper), where).toEqual(before);
    }
    expect(await stopAt(begun)).toMatch(/^Stopped by SIGINT\. AWS continues to change the stack/);
    paper.aws.onRequest = () => undefined;
    await waitUntilStable(paper.open());
    expect(await look(paper)).toEqual(done);
  });

  test('is deleted when a request is refused, which the error reports', async () => {
    const requests = await listRequests();
    const { paper, before } = await openBefore();
    for (const action of new Set(requests)) {
      paper.aws.fail(action, 'AccessDenied');
      const said = await change(paper, larger).then(() => 'done', errorMessage);
      paper.aws.clearFaults();
      expect(said, action).toMatch(/^Cannot .* stack minitwit: AWS returned AccessDenied: /);
      expect(await look(paper), action).toEqual(before);
    }
  });

  test('is executed once, whichever response is lost', async () => {
    for (const action of new Set(await listRequests())) {
      const { paper } = await openBefore();
      paper.aws.loseResponse(action);
      await change(paper, larger);
      expect(paper.aws.actions.filter((it) => it === action).length, action).toBeGreaterThan(1);
      expect(await look(paper), action).toEqual(done);
    }
  });

  test('is deleted when all responses to CreateChangeSet are lost', async () => {
    const { paper, before } = await openBefore();
    paper.aws.loseResponse('cloudformation:CreateChangeSet', { times: Infinity });
    await expect(change(paper, larger)).rejects.toThrow('AWS cannot be reached');
    paper.aws.clearFaults();
    expect(await look(paper)).toEqual(before);
  });

  test('is printed and deleted by a dry run, or named if it cannot be deleted', async () => {
    const { paper, before } = await openBefore();
    await change(paper, { ...larger, dryRun: true });
    expect(paper.lines).toContain(
      isThere ? '  ~ change   Volume (AWS::EC2::Volume)' : '  + add      Volume (AWS::EC2::Volume)',
    );
    expect(await look(paper)).toEqual(before);

    paper.aws.fail('cloudformation:DeleteChangeSet', 'AccessDenied');
    await expect(change(paper, { ...larger, dryRun: true })).rejects.toThrow(
      isThere
        ? /AccessDenied.*\nThis may still exist: the change set (\S+): aws cloudformation delete-change-set --stack-name minitwit --change-set-name \1$/
        : /AccessDenied.*\nThis may still exist: the empty stack minitwit\. Run npm run cloud -- up/,
    );
    paper.aws.clearFaults();
    await change(paper, larger);
    expect(await look(paper)).toEqual(done);
  });
});

test('changeStack refuses to delete the data in the database, except with mayReplaceDatabase', async () => {
  const paper = await openPaperStack();
  await change(paper);
  const before = await look(paper);
  const parameters = { Snapshot: 'another' };
  await expect(change(paper, { parameters })).rejects.toThrow(
    /would delete the data in the database: ± replace  Database .* Nothing was changed\..* npm run cloud -- restore SNAPSHOT/,
  );
  expect(await look(paper)).toEqual(before);
  await change(paper, { parameters, mayReplaceDatabase: true });
  expect(await look(paper)).toEqual({ ...before, status: 'UPDATE_COMPLETE' });
});

test('changeStack deletes a change set without changes', async () => {
  const paper = await openPaperStack();
  await change(paper);
  const before = await look(paper);
  await change(paper);
  expect(paper.lines).toContain('There is nothing to change.');
  expect(paper.aws.actions).not.toContain('cloudformation:ExecuteChangeSet');
  expect(await look(paper)).toEqual(before);
});

test('changeStack throws the failure after a rollback', async () => {
  const paper = await openPaperStack();
  await change(paper);
  paper.fault = { resource: 'Volume', reason: 'There is no room.' };
  await expect(change(paper, { parameters: { Size: '2' } })).rejects.toThrow(
    /Volume .*no room\..* is UPDATE_ROLLBACK_COMPLETE\. /,
  );
  expect(await look(paper)).toMatchObject({ size: '1', changeSets: 0 });
});
