import { expect, test } from 'vitest';
import { hintFor } from '../../../src/cloud/stack/hints.ts';
import { initializeDatabase } from '../../../src/cloud/database/initialize-database.ts';
import { waitUntilStable } from '../../../src/cloud/stack/wait-until-stable.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { answerActions } from '../emulated/query.ts';
import { openStubStack, type StubStack } from '../stack/stub-stack.ts';
import { createSiteStack } from '../stack/site-stack.ts';

const IN_SERVICE = {
  InstanceId: 'i-1',
  InstanceType: 't3.micro',
  AvailabilityZone: 'us-east-1a',
  LifecycleState: 'InService',
};

/** Creates a stack with these instances. Returns the scripts that ran on them. */
async function createStack(instances: object[] = [IN_SERVICE]) {
  const stubStack = await openStubStack();
  const scripts: string[] = [];
  stubStack.runScript = (script) => {
    scripts.push(script);
    return { stdout: 'The tables are there.\n' };
  };
  const group = {
    AutoScalingGroupName: 'group-1',
    DesiredCapacity: 2,
    LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
  };
  const activities = { Activities: [] as object[] };
  answerActions(stubStack.aws, 'autoscaling', {
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [{ ...group, Instances: instances }],
    }),
    DescribeScalingActivities: () => activities,
  });
  await createSiteStack(stubStack);
  return { stubStack, scripts, activities, instances };
}

/** Initializes the database, and returns `done` or the message of the error. */
async function initialize({ open }: StubStack): Promise<string> {
  const cloud = open();
  return initializeDatabase(cloud, await requireStack(cloud)).then(() => 'done', errorMessage);
}

async function isSetUp({ open }: StubStack): Promise<boolean> {
  await waitUntilStable(open());
  return (await requireStack(open())).parameters.SetUp === 'no';
}

/** The first request of each action, by its place among all requests. */
async function listRequests(): Promise<[place: number, action: string][]> {
  const { stubStack } = await createStack();
  await initialize(stubStack);
  const { actions } = stubStack.aws;
  return [...new Set(actions)].map((action) => [actions.indexOf(action), action]);
}

test('initializeDatabase runs the script on an instance, and then removes the permission for it', async () => {
  const { stubStack, scripts } = await createStack();
  expect(await initialize(stubStack)).toBe('done');
  expect(scripts).toHaveLength(1);
  expect(scripts[0]).toContain("DB_HOST='database-1.rds.amazonaws.com'");
  expect(scripts[0]).toContain("MASTER_SECRET='arn:master'");
  expect(stubStack.lines).toContain('  The tables are there.');
  expect(stubStack.lines).toContain('  - remove   SetUpPolicy (AWS::IAM::Policy)');
  expect(await isSetUp(stubStack)).toBe(true);

  stubStack.aws.actions.length = 0;
  expect(await initialize(stubStack)).toBe('done');
  expect(stubStack.aws.actions).toEqual(['cloudformation:DescribeStacks']);
});

test('initializeDatabase, stopped at any request, changes nothing more, and completes when it is run again', async () => {
  for (const [index, action] of await listRequests()) {
    const { stubStack, scripts } = await createStack();
    stubStack.aws.onRequest = () => {
      if (stubStack.aws.actions.length === index + 1) stubStack.stop();
    };
    const outcome = await initialize(stubStack);
    stubStack.aws.onRequest = () => undefined;
    expect(outcome, action).toMatch(/^Stopped by SIGINT\.|^done$/);
    const begun = stubStack.aws.actions.slice(index + 1).join(' ');
    expect(begun, action).not.toMatch(/:(Create|Execute|Send)/);
    // The interrupted request may have been the last one.
    if (!(await isSetUp(stubStack))) await initialize(stubStack);
    expect(await isSetUp(stubStack), action).toBe(true);
    expect(scripts.length, action).toBeGreaterThan(0);
  }
});

test('initializeDatabase waits for an instance, and prints why AWS cannot launch it', async () => {
  const { stubStack, instances, activities } = await createStack([]);
  const message = 'Could not launch Spot Instances. InsufficientInstanceCapacity - no capacity';
  let polls = 0;
  stubStack.aws.onRequest = (action) => {
    if (action !== 'autoscaling:DescribeAutoScalingGroups') return;
    polls += 1;
    if (polls === 2) {
      activities.Activities = [
        {
          ActivityId: '1',
          AutoScalingGroupName: 'group-1',
          Cause: 'a difference',
          StartTime: new Date(),
          StatusCode: 'Failed',
          StatusMessage: message,
        },
      ];
    }
    if (polls === 3) instances.push({ ...IN_SERVICE, LifecycleState: 'Pending' });
    if (polls === 4) instances[0] = IN_SERVICE;
  };
  expect(await initialize(stubStack)).toBe('done');
  expect(stubStack.lines.filter((line) => line.startsWith('An instance: '))).toEqual([
    'An instance: not launched yet',
    `An instance: could not be launched: ${message}. ${hintFor(message, stubStack.open())}`,
    'An instance: i-1 is Pending',
  ]);
});

test('initializeDatabase reports a failed script with its output, and runs it again the next time', async () => {
  const { stubStack } = await createStack();
  const { runScript } = stubStack;
  stubStack.runScript = () => ({ status: 'Failed', stderr: 'Access denied\n' });
  expect(await initialize(stubStack)).toBe(
    'Initializing the database on i-1 has failed: Failed\n  Access denied',
  );
  expect(await isSetUp(stubStack)).toBe(false);
  stubStack.runScript = runScript;
  expect(await initialize(stubStack)).toBe('done');
  expect(await isSetUp(stubStack)).toBe(true);
});
