import {
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
} from '@aws-sdk/client-auto-scaling';
import { expect, test } from 'vitest';
import { replaceInstances } from '../../../src/cloud/instances/replace-instances.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { createFixtureWithStack, type OperationsFixture } from '../operations/fixture.ts';
import { makeImage } from '../make-image.ts';

/** Replaces the instances by those of an image, and returns `done` or the message of the error. */
function replace({ open }: OperationsFixture, imageId: string): Promise<string> {
  return replaceInstances(open(), { imageId }).then(() => 'done', errorMessage);
}

/** Returns the launch template version of each instance, and the number of refreshes. */
async function readState({ open }: OperationsFixture) {
  const cloud = open();
  const { autoScaling } = cloud.clients;
  const AutoScalingGroupName = (await requireStack(cloud)).outputs.Instances;
  const groups = await autoScaling.send(new DescribeAutoScalingGroupsCommand());
  const refreshes = await autoScaling.send(
    new DescribeInstanceRefreshesCommand({ AutoScalingGroupName }),
  );
  const instances = groups.AutoScalingGroups?.[0]?.Instances ?? [];
  return {
    versions: instances.map(({ LaunchTemplate }) => LaunchTemplate?.Version),
    refreshes: refreshes.InstanceRefreshes?.length,
  };
}

const CREATING_REQUESTS = ['ec2:CreateLaunchTemplateVersion', 'autoscaling:StartInstanceRefresh'];

test('replaceInstances, stopped before StartInstanceRefresh, replaces nothing, and waits again when it was stopped later', async () => {
  const fixture = await createFixtureWithStack();
  const { account } = fixture;
  const image = await makeImage(fixture.open(), '1.4.0');
  const places = [
    'cloudformation:DescribeStacks',
    ...CREATING_REQUESTS,
    'autoscaling:DescribeInstanceRefreshes',
  ];
  for (const [index, place] of places.entries()) {
    const isBegun = index > 1;
    const start = account.actions.length;
    account.onRequest = (action) => action === place && fixture.stop();
    expect(await replace(fixture, image), place).toMatch(
      isBegun
        ? /^Stopped by SIGINT\. AWS continues to replace the instances\. Run npm run cloud -- roll/
        : /^Stopped by SIGINT\.$/,
    );
    account.onRequest = () => undefined;
    expect(account.actions.slice(start).includes('autoscaling:StartInstanceRefresh')).toBe(
      place === 'autoscaling:StartInstanceRefresh',
    );
  }
  expect(await replace(fixture, image)).toBe('done');
  expect(await readState(fixture)).toEqual({ versions: ['2', '2'], refreshes: 1 });
});

test.each(CREATING_REQUESTS)(
  'replaceInstances finds the result of a %s whose response is lost',
  async (action) => {
    const fixture = await createFixtureWithStack();
    fixture.account.loseResponse(action);
    const image = await makeImage(fixture.open(), '1.4.0');
    expect(await replace(fixture, image)).toBe('done');
    const { versions, refreshes } = await readState(fixture);
    expect(new Set(versions).size).toBe(1);
    expect(refreshes).toBe(1);

    const another = await makeImage(fixture.open(), '1.5.0');
    fixture.account.loseResponse(action, { times: Infinity });
    expect(await replace(fixture, another)).toMatch(/^Cannot .*: AWS cannot be reached/);
    fixture.account.clearFaults();
    expect(await replace(fixture, another)).toBe('done');
    const then = await readState(fixture);
    expect(new Set(then.versions).size).toBe(1);
    expect(then.versions).not.toEqual(versions);
    expect(then.refreshes).toBe(2);
  },
);
