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

/** Makes the stack, or changes it. */
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

/** What there is of the stack: its status, its parameter Size, and how many change sets. */
async function look({ open, front }: PaperStack) {
  const cloud = open();
  const stack = await findStack(cloud);
  const listed = stack && new ListChangeSetsCommand({ StackName: stack.id });
  const sets = listed && (await cloud.clients.cloudFormation.send(listed)).Summaries;
  front.actions.length = 0;
  const { status = null, parameters } = stack ?? {};
  return { status, size: parameters?.Size, changeSets: sets?.length ?? 0 };
}

describe.each([
  ['that is made', false, { status: 'CREATE_COMPLETE', size: '2', changeSets: 0 }],
  ['that is changed', true, { status: 'UPDATE_COMPLETE', size: '2', changeSets: 0 }],
])('a stack %s', (_, isThere, done) => {
  const larger = { parameters: { Size: '2' } };

  async function openBefore() {
    const paper = await openPaperStack();
    if (isThere) await change(paper);
    return { paper, before: await look(paper) };
  }

  /** Every request of the change, in order. */
  async function listRequests(): Promise<string[]> {
    const { paper } = await openBefore();
    await change(paper, larger);
    return [...paper.front.actions];
  }

  test('is as asked for, by one change set with our tag', async () => {
    const { paper, before } = await openBefore();
    expect(before.status).toBe(isThere ? 'CREATE_COMPLETE' : null);
    await change(paper, larger);
    const { tags } = (await findStack(paper.open())) ?? {};
    expect(tags).toEqual({ 'minitwit:stack': 'minitwit' });
    expect(await look(paper)).toEqual(done);
  });

  test('is left as it was when it is stopped before ExecuteChangeSet, and is changed when it is stopped after', async () => {
    const requests = await listRequests();
    const begun = requests.indexOf('cloudformation:ExecuteChangeSet');
    expect(begun).toBeGreaterThan(3);
    const { paper, before } = await openBefore();
    const stopAt = (index: number) => {
      paper.front.onRequest = () => {
        if (paper.front.actions.length === index + 1) paper.stop();
      };
      return change(paper, larger).then(() => 'done', errorMessage);
    };
    for (const [index, action] of requests.slice(0, begun).entries()) {
      const where = `${index}: ${action}`;
      expect(await stopAt(index), where).toBe('Stopped by SIGINT.');
      paper.front.onRequest = () => undefined;
      expect(paper.front.actions, where).not.toContain('cloudformation:ExecuteChangeSet');
      expect(await look(paper), where).toEqual(before);
    }
    expect(await stopAt(begun)).toMatch(/^Stopped by SIGINT\. AWS goes on with the stack/);
    paper.front.onRequest = () => undefined;
    await waitUntilStable(paper.open());
    expect(await look(paper)).toEqual(done);
  });

  test('is left as it was when a request is refused, which is said', async () => {
    const requests = await listRequests();
    const { paper, before } = await openBefore();
    for (const action of new Set(requests)) {
      paper.front.fail(action, 'AccessDenied');
      const said = await change(paper, larger).then(() => 'done', errorMessage);
      paper.front.clearFaults();
      expect(said, action).toMatch(/^Cannot .* stack minitwit: AWS returned AccessDenied: /);
      expect(await look(paper), action).toEqual(before);
    }
  });

  test('is made once, whichever answer is lost', async () => {
    for (const action of new Set(await listRequests())) {
      const { paper } = await openBefore();
      paper.front.loseResponse(action);
      await change(paper, larger);
      expect(paper.front.actions.filter((it) => it === action).length, action).toBeGreaterThan(1);
      expect(await look(paper), action).toEqual(done);
    }
  });

  test('is left as it was when AWS never says that it has made the change set', async () => {
    const { paper, before } = await openBefore();
    paper.front.loseResponse('cloudformation:CreateChangeSet', { times: Infinity });
    await expect(change(paper, larger)).rejects.toThrow('AWS cannot be reached');
    paper.front.clearFaults();
    expect(await look(paper)).toEqual(before);
  });

  test('is shown by a dry run, which leaves nothing, or names what it could not remove', async () => {
    const { paper, before } = await openBefore();
    await change(paper, { ...larger, dryRun: true });
    expect(paper.lines).toContain(
      isThere ? '  ~ change   Volume (AWS::EC2::Volume)' : '  + add      Volume (AWS::EC2::Volume)',
    );
    expect(await look(paper)).toEqual(before);

    paper.front.fail('cloudformation:DeleteChangeSet', 'AccessDenied');
    await expect(change(paper, { ...larger, dryRun: true })).rejects.toThrow(
      isThere
        ? /AccessDenied.*\nThis may still exist: the change set (\S+): aws cloudformation delete-change-set --stack-name minitwit --change-set-name \1$/
        : /AccessDenied.*\nThis may still exist: the empty stack minitwit\. Run npm run cloud -- up/,
    );
    paper.front.clearFaults();
    await change(paper, larger);
    expect(await look(paper)).toEqual(done);
  });
});

test('a change by which the database would be lost is refused, unless that is meant', async () => {
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

test('where nothing would change, nothing is begun, and no change set stays', async () => {
  const paper = await openPaperStack();
  await change(paper);
  const before = await look(paper);
  await change(paper);
  expect(paper.lines).toContain('There is nothing to change.');
  expect(paper.front.actions).not.toContain('cloudformation:ExecuteChangeSet');
  expect(await look(paper)).toEqual(before);
});

test('what AWS cannot do is said when all is as it was before', async () => {
  const paper = await openPaperStack();
  await change(paper);
  paper.fault = { resource: 'Volume', reason: 'There is no room.' };
  await expect(change(paper, { parameters: { Size: '2' } })).rejects.toThrow(
    /Volume .*no room\..* is UPDATE_ROLLBACK_COMPLETE: everything is as it was before\.$/,
  );
  expect(await look(paper)).toMatchObject({ size: '1', changeSets: 0 });
});
