import { expect, test } from 'vitest';
import { hintFor } from '../../../src/cloud/stack/hints.ts';
import { waitUntilHealthy } from '../../../src/cloud/instances/wait-until-healthy.ts';
import { watchRefresh } from '../../../src/cloud/instances/watch-refresh.ts';
import type { Outputs } from '../../../src/cloud/stack/outputs.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import { answerActions } from '../emulated/query.ts';
import { openTestCloud } from '../test-cloud.ts';

const OUTPUTS = { instances: 'group-1', targets: 'arn:targets' } as Outputs;
const REASON = 'it was no good';

interface Poll {
  status: string;
  /** The instances that the load balancer finds healthy. */
  healthy?: string[];
  /** Why the group could not start an instance. */
  problem?: string;
}

/**
 * Scripts a group of two instances and its refresh: one entry of `polls` for each poll, and the last one from then on.
 * @param first the request with which each poll begins
 */
async function openRefresh(polls: Poll[], first = 'autoscaling:DescribeInstanceRefreshes') {
  const aws = await startAwsStub();
  const { open, lines, stop } = openTestCloud();
  let index = -1;
  aws.onRequest = (action) => void (action === first && (index += 1));
  const current = (): Poll => polls[Math.min(index, polls.length - 1)] ?? { status: '' };
  const instances = ['i-1', 'i-2'].map((InstanceId) => ({
    InstanceId,
    InstanceType: 't3.micro',
    AvailabilityZone: 'us-east-1a',
    LifecycleState: 'InService',
  }));
  const group = {
    AutoScalingGroupName: 'group-1',
    DesiredCapacity: 2,
    LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
    Instances: instances,
  };
  answerActions(aws, 'autoscaling', {
    DescribeInstanceRefreshes: () => ({
      InstanceRefreshes: [
        {
          InstanceRefreshId: 'refresh-1',
          Status: current().status,
          StatusReason: REASON,
          StartTime: new Date('2026-11-23T08:00:00Z'),
          PercentageComplete: 50,
          InstancesToUpdate: 1,
          DesiredConfiguration: { LaunchTemplate: { Version: '2' } },
        },
      ],
    }),
    DescribeAutoScalingGroups: () => ({ AutoScalingGroups: [group] }),
    DescribeScalingActivities: () => ({
      Activities: current().problem
        ? [
            {
              ActivityId: '1',
              AutoScalingGroupName: 'group-1',
              Cause: 'a difference',
              StartTime: new Date('2026-11-23T08:01:00Z'),
              StatusCode: 'Failed',
              StatusMessage: current().problem,
            },
          ]
        : [],
    }),
  });
  answerActions(aws, 'elasticloadbalancing', {
    DescribeTargetHealth: () => {
      const { healthy = [] } = current();
      return {
        TargetHealthDescriptions: healthy.map((Id) => ({
          Target: { Id },
          TargetHealth: { State: 'healthy' },
        })),
      };
    },
  });
  const versions = { newest: '2' };
  aws.stub('ec2:DescribeLaunchTemplateVersions', () => {
    const data =
      '<launchTemplateData><imageId>ami-1</imageId><instanceType>t3.micro</instanceType></launchTemplateData>';
    const items = ['1', versions.newest].map(
      (n) =>
        `<item><versionNumber>${n}</versionNumber><createTime>2026-11-23T00:00:00.000Z</createTime>${data}</item>`,
    );
    return {
      status: 200,
      body: `<R><launchTemplateVersionSet>${items.join('')}</launchTemplateVersionSet></R>`,
    };
  });
  const deleted: string[] = [];
  aws.stub('ec2:DeleteLaunchTemplateVersions', ({ body }) => {
    deleted.push(...new URLSearchParams(body.toString()).getAll('LaunchTemplateVersion.1'));
    return { status: 200, body: '<R/>' };
  });
  return { aws, cloud: open(), lines, stop, group, versions, deleted };
}

test('watchRefresh prints the progress of an instance refresh, and why an instance cannot be launched', async () => {
  const problem = 'Could not launch Spot Instances. InsufficientInstanceCapacity - no capacity';
  const { cloud, lines } = await openRefresh([
    { status: 'InProgress', healthy: ['i-1'] },
    { status: 'InProgress', healthy: ['i-1'], problem },
    { status: 'RollbackInProgress', healthy: ['i-1', 'i-2'] },
    { status: 'Successful' },
  ]);
  await watchRefresh(cloud, OUTPUTS, 'refresh-1');
  expect(lines).toEqual([
    'The instances: 50 %, 1 to go; i-1 InService healthy, i-2 InService',
    'The instances: 50 %, 1 to go; i-1 InService healthy, i-2 InService. An instance could not be launched, and AWS ' +
      `tries again: ${problem}. ${hintFor(problem, cloud)}`,
    `The instances: 50 %, 1 to go, rolling back (${REASON}); i-1 InService healthy, i-2 InService healthy`,
  ]);
});

test.each([
  ['RollbackSuccessful', /AWS has rolled back to the instances of before/],
  ['RollbackFailed', /AWS could not roll back\./],
  ['Failed', /AWS has stopped\. It may have replaced some instances\./],
  ['Cancelled', /The instance refresh was cancelled\./],
])('an instance refresh that ends as %s is reported with AWS’s reason', async (status, says) => {
  const { cloud } = await openRefresh([{ status }]);
  const watched = watchRefresh(cloud, OUTPUTS, 'refresh-1');
  await expect(watched).rejects.toThrow(says);
  await expect(watched).rejects.toThrow(
    /^The instances were not replaced\. .* AWS’s reason: it was no good\. /,
  );
});

test('a failed instance refresh names the instances beyond the desired number, and their cost', async () => {
  const { cloud, group } = await openRefresh([{ status: 'Failed' }]);
  group.DesiredCapacity = 1;
  await expect(watchRefresh(cloud, OUTPUTS, 'refresh-1')).rejects.toThrow(
    'AWS’s reason: it was no good. The group has 2 instances instead of 1: i-1 (at most $11.88 a month), i-2 (at most ' +
      '$11.88 a month). AWS terminates those that are too many. To see the instances, run npm run cloud -- status.',
  );
});

test('a failed instance refresh is reported although AWS does not return the group', async () => {
  const { aws, cloud, lines } = await openRefresh([{ status: 'Failed' }]);
  aws.fail('autoscaling:DescribeAutoScalingGroups', 'AccessDenied');
  await expect(watchRefresh(cloud, OUTPUTS, 'refresh-1')).rejects.toThrow(
    'AWS’s reason: it was no good. To see the instances, run npm run cloud -- status.',
  );
  expect(lines).toContainEqual(expect.stringMatching(/^Cannot read .* group-1: .*AccessDenied/));
});

test.each([
  ['rolled it back, and it is the newest', 'RollbackSuccessful', '2', ['2']],
  ['rolled it back, and there is a newer one', 'RollbackSuccessful', '3', []],
  ['stopped', 'Failed', '2', []],
])(
  'watchRefresh deletes a launch template version only if AWS has rolled it back and it is the newest: %s',
  async (_, status, newest, expected) => {
    const { cloud, versions, deleted } = await openRefresh([{ status }]);
    versions.newest = newest;
    await expect(watchRefresh(cloud, OUTPUTS, 'refresh-1')).rejects.toThrow('were not replaced');
    expect(deleted).toEqual(expected);
  },
);

test('a launch template version that AWS does not delete is reported beside the failed refresh', async () => {
  const { aws, cloud, lines } = await openRefresh([{ status: 'RollbackSuccessful' }]);
  aws.stub('ec2:DeleteLaunchTemplateVersions', () => {
    const failed =
      '<item><versionNumber>2</versionNumber><responseError><message>it is in use</message></responseError></item>';
    const set = `<unsuccessfullyDeletedLaunchTemplateVersionSet>${failed}</unsuccessfullyDeletedLaunchTemplateVersionSet>`;
    return { status: 200, body: `<R>${set}</R>` };
  });
  await expect(watchRefresh(cloud, OUTPUTS, 'refresh-1')).rejects.toThrow('AWS has rolled back');
  expect(lines).toContain('Cannot delete the version 2 of lt-1: it is in use');
});

test.each([
  ['a stop', /^Stopped by SIGINT\. AWS continues to replace the instances\./],
  ['a refusal', /^Cannot read .*AccessDenied.* AWS continues to replace the instances\./],
])('watchRefresh ends at %s, with the message that AWS continues', async (what, says) => {
  const { aws, cloud, stop } = await openRefresh([{ status: 'InProgress' }]);
  if (what === 'a stop') aws.onRequest = () => stop();
  else aws.fail('autoscaling:DescribeInstanceRefreshes', 'AccessDenied');
  await expect(watchRefresh(cloud, OUTPUTS, 'refresh-1')).rejects.toThrow(says);
});

test('waitUntilHealthy waits until the load balancer finds all instances healthy', async () => {
  const polls = [[], ['i-2'], ['i-1', 'i-2']].map((healthy) => ({ status: '', healthy }));
  const { cloud, lines } = await openRefresh(polls, 'autoscaling:DescribeAutoScalingGroups');
  expect(await waitUntilHealthy(cloud, OUTPUTS)).toEqual(['i-1', 'i-2']);
  expect(lines).toEqual([
    'The instances: 0 of 2 healthy in the load balancer',
    'The instances: 1 of 2 healthy in the load balancer',
  ]);
});
