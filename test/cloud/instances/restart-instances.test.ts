import { expect, test } from 'vitest';
import { restartInstances } from '../../../src/cloud/instances/restart-instances.ts';
import { readOutputs } from '../../../src/cloud/stack/outputs.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { answerActions } from '../emulated/query.ts';
import { createSiteStack } from '../stack/site-stack.ts';
import { openStubStack } from '../stack/stub-stack.ts';

const SECRETS = {
  databasePassword: { id: 'arn:password', versionId: 'version-1' },
  sessionSecret: { id: 'arn:session', versionId: 'version-2' },
};

/** The instances of a group at one poll: their states and their health. */
type Poll = Record<string, [state: string, health: string]>;

/** Returns a stack whose group shows these instances at each poll, and the last ones from then on. */
async function createStack(desired: number, polls: Poll[]) {
  const stubStack = await openStubStack();
  const current = () => Object.entries(polls[0] ?? {});
  answerActions(stubStack.aws, 'autoscaling', {
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'group-1',
          MinSize: desired,
          MaxSize: desired,
          DesiredCapacity: desired,
          LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
          Instances: current().map(([InstanceId, [LifecycleState]]) => ({
            InstanceId,
            InstanceType: 't3.micro',
            AvailabilityZone: 'us-east-1a',
            LifecycleState,
          })),
        },
      ],
    }),
  });
  answerActions(stubStack.aws, 'elasticloadbalancing', {
    DescribeTargetHealth: () => {
      const targets = current().map(([Id, [, State]]) => ({
        Target: { Id },
        TargetHealth: { State },
      }));
      if (polls.length > 1) polls.shift();
      return { TargetHealthDescriptions: targets };
    },
  });
  await createSiteStack(stubStack);
  const restarted: string[] = [];
  stubStack.runScript = (script, instanceId) => {
    restarted.push(instanceId);
    expect(script).toContain("DATABASE_PASSWORD_VERSION='version-1'");
    expect(script).toContain("SESSION_SECRET_VERSION='version-2'");
    return { stdout: 'restarted\n' };
  };
  const outputs = readOutputs(await requireStack(stubStack.cloud));
  const restart = () =>
    restartInstances(stubStack.open(), outputs, SECRETS).then(() => 'done', errorMessage);
  return { stubStack, restarted, restart };
}

const HEALTHY: Poll[string] = ['InService', 'healthy'];

test('restartInstances restarts the instances in the order of their ids, whatever AWS’s order', async () => {
  const { restarted, restart } = await createStack(3, [
    { 'i-3': HEALTHY, 'i-1': HEALTHY, 'i-2': HEALTHY },
    { 'i-2': HEALTHY, 'i-3': HEALTHY, 'i-1': HEALTHY },
  ]);
  expect(await restart()).toBe('done');
  expect(restarted).toEqual(['i-1', 'i-2', 'i-3']);
});

test('restartInstances restarts no instance before all others are healthy', async () => {
  const { stubStack, restarted, restart } = await createStack(2, [
    { 'i-1': HEALTHY },
    { 'i-1': HEALTHY, 'i-2': ['Pending', 'initial'] },
    { 'i-1': HEALTHY, 'i-2': ['InService', 'unhealthy'] },
    { 'i-1': HEALTHY, 'i-2': HEALTHY },
    { 'i-1': ['InService', 'unhealthy'], 'i-2': HEALTHY },
    { 'i-1': HEALTHY, 'i-2': HEALTHY },
  ]);
  expect(await restart()).toBe('done');
  expect(restarted).toEqual(['i-1', 'i-2']);
  expect(stubStack.lines.filter((line) => line.startsWith('The instances: '))).toEqual([
    'The instances: 1 of 2 healthy in the load balancer',
    'The instances: 1 of 2 healthy in the load balancer',
  ]);
});

test('restartInstances ignores an instance that ends, and waits for one that starts', async () => {
  const { restarted, restart } = await createStack(2, [
    { 'i-0': ['Terminating', 'draining'], 'i-1': HEALTHY, 'i-2': HEALTHY },
    { 'i-1': HEALTHY, 'i-2': HEALTHY, 'i-3': ['Pending', 'initial'] },
    { 'i-1': HEALTHY, 'i-2': HEALTHY, 'i-3': HEALTHY },
  ]);
  expect(await restart()).toBe('done');
  expect(restarted).toEqual(['i-1', 'i-2', 'i-3']);
});

test('restartInstances stops at a failed restart, and restarts no other instance', async () => {
  const { stubStack, restart } = await createStack(2, [{ 'i-1': HEALTHY, 'i-2': HEALTHY }]);
  const called: string[] = [];
  stubStack.runScript = (_script, instanceId) => {
    called.push(instanceId);
    return { status: 'Failed', stderr: 'The server is not ready after its restart.\n' };
  };
  expect(await restart()).toBe(
    'Restarting MiniTwit on i-1 has failed: Failed\n  The server is not ready after its restart.',
  );
  expect(called).toEqual(['i-1']);
});
