import { expect, test } from 'vitest';
import { hintFor } from '../../../src/cloud/stack/hints.ts';
import { initializeDatabase } from '../../../src/cloud/database/initialize-database.ts';
import { waitUntilStable } from '../../../src/cloud/stack/wait-until-stable.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { answerActions } from '../emulated/query.ts';
import { openPaperStack, type PaperStack } from '../stack/paper-stack.ts';
import { raiseSite } from '../stack/site-template.ts';

const IN_SERVICE = {
  InstanceId: 'i-1',
  AvailabilityZone: 'us-east-1a',
  LifecycleState: 'InService',
};

/** A stack that is raised; `instances` is what its group has, and `scripts` what ran on them. */
async function openRaised(instances: object[] = [IN_SERVICE]) {
  const paper = await openPaperStack();
  const scripts: string[] = [];
  paper.runScript = (script) => {
    scripts.push(script);
    return { stdout: 'The tables are there.\n' };
  };
  const group = {
    AutoScalingGroupName: 'group-1',
    DesiredCapacity: 2,
    LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
  };
  const activities = { Activities: [] as object[] };
  answerActions(paper.aws, 'autoscaling', {
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [{ ...group, Instances: instances }],
    }),
    DescribeScalingActivities: () => activities,
  });
  await raiseSite(paper);
  return { paper, scripts, activities, instances };
}

/** Sets the database up, as far as it goes. */
async function act({ open }: PaperStack): Promise<string> {
  const cloud = open();
  return initializeDatabase(cloud, await requireStack(cloud)).then(() => 'done', errorMessage);
}

async function isSetUp({ open }: PaperStack): Promise<boolean> {
  await waitUntilStable(open());
  return (await requireStack(open())).parameters.SetUp === 'no';
}

/** The first request of each action, by its place among all requests. */
async function listRequests(): Promise<[place: number, action: string][]> {
  const { paper } = await openRaised();
  await act(paper);
  const { actions } = paper.aws;
  return [...new Set(actions)].map((action) => [actions.indexOf(action), action]);
}

test('initializeDatabase runs the script on an instance, and then removes the permission for it', async () => {
  const { paper, scripts } = await openRaised();
  expect(await act(paper)).toBe('done');
  expect(scripts).toHaveLength(1);
  expect(scripts[0]).toContain("DB_HOST='database-1.rds.amazonaws.com'");
  expect(scripts[0]).toContain("MASTER_SECRET='arn:master'");
  expect(paper.lines).toContain('  The tables are there.');
  expect(paper.lines).toContain('  - remove   SetUpPolicy (AWS::IAM::Policy)');
  expect(await isSetUp(paper)).toBe(true);

  paper.aws.actions.length = 0;
  expect(await act(paper)).toBe('done');
  expect(paper.aws.actions).toEqual(['cloudformation:DescribeStacks']);
});

test('initializeDatabase, stopped at any request, changes nothing more, and completes when it is run again', async () => {
  for (const [index, action] of await listRequests()) {
    const { paper, scripts } = await openRaised();
    paper.aws.onRequest = () => {
      if (paper.aws.actions.length === index + 1) paper.stop();
    };
    const said = await act(paper);
    paper.aws.onRequest = () => undefined;
    expect(said, action).toMatch(/^Stopped by SIGINT\.|^done$/);
    const begun = paper.aws.actions.slice(index + 1).join(' ');
    expect(begun, action).not.toMatch(/:(Create|Execute|Send)/);
    // It may have been the last of them.
    if (!(await isSetUp(paper))) await act(paper);
    expect(await isSetUp(paper), action).toBe(true);
    expect(scripts.length, action).toBeGreaterThan(0);
  }
});

test('initializeDatabase waits for an instance, and prints why AWS cannot launch it', async () => {
  const { paper, instances, activities } = await openRaised([]);
  const message = 'Could not launch Spot Instances. InsufficientInstanceCapacity - no capacity';
  let polls = 0;
  paper.aws.onRequest = (action) => {
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
  expect(await act(paper)).toBe('done');
  expect(paper.lines.filter((line) => line.startsWith('An instance: '))).toEqual([
    'An instance: not launched yet',
    `An instance: could not be launched: ${message}. ${hintFor(message, paper.open())}`,
    'An instance: i-1 is Pending',
  ]);
});

test('initializeDatabase reports a failed script with its output, and runs it again the next time', async () => {
  const { paper } = await openRaised();
  const { runScript } = paper;
  paper.runScript = () => ({ status: 'Failed', stderr: 'Access denied\n' });
  expect(await act(paper)).toBe(
    'Initializing the database on i-1 has failed: Failed\n  Access denied',
  );
  expect(await isSetUp(paper)).toBe(false);
  paper.runScript = runScript;
  expect(await act(paper)).toBe('done');
  expect(await isSetUp(paper)).toBe(true);
});
