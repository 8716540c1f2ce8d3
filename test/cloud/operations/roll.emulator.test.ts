import type { StartInstanceRefreshCommandInput } from '@aws-sdk/client-auto-scaling';
import { PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { deregisterImage } from '../../../src/aws/ec2/create-image.ts';
import { listInstances } from '../../../src/aws/ec2/instances.ts';
import { tagFilter } from '../../../src/aws/ec2/tags.ts';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { roll } from '../../../src/cloud/commands/roll.ts';
import { removeOldImages } from '../../../src/cloud/image/prune.ts';
import { listMiniTwitImages } from '../../../src/cloud/images.ts';
import { replaceInstances } from '../../../src/cloud/instances/replace-instances.ts';
import { requireScalingGroup } from '../../../src/cloud/instances/scaling-group.ts';
import { readOutputs } from '../../../src/cloud/stack/outputs.ts';
import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import { toChangedParameters } from '../../../src/cloud/stack/parameters.ts';
import { requireStack, STACK_TAG } from '../../../src/cloud/stack/stack.ts';
import {
  changesOf,
  createFixtureWithStack,
  createOperationsFixture,
  createStack,
} from './fixture.ts';
import { makeImage } from '../make-image.ts';

const now = { dryRun: false };

/** The image of each instance, and of the stack. */
async function describe(cloud: CloudContext) {
  const instances = await listInstances(cloud.clients.ec2, [tagFilter(STACK_TAG, 'minitwit')]);
  const alive = instances.filter(({ state }) => state === 'running');
  const { parameters } = await requireStack(cloud);
  return { instances: alive.map(({ imageId }) => imageId), stack: parameters.ImageId };
}

/** Records the inputs of StartInstanceRefresh. */
function recordRefreshes({ clients }: CloudContext): StartInstanceRefreshCommandInput[] {
  const heard: StartInstanceRefreshCommandInput[] = [];
  clients.autoScaling.middlewareStack.add(
    (next, { commandName }) =>
      (given) => {
        if (commandName === 'StartInstanceRefreshCommand') heard.push(given.input as never);
        return next(given);
      },
    { step: 'initialize' },
  );
  return heard;
}

test('`cloud roll` replaces the instances by those of the newest image, and stores the image in the stack', async () => {
  const fixture = await createFixtureWithStack();
  const { account, lines } = fixture;
  const image = await makeImage(fixture.open(), '1.4.0');
  const before = await describe(fixture.open());
  account.actions.length = 0;
  await roll(fixture.open(), { dryRun: true });
  expect(changesOf(account)).toEqual([]);
  expect(lines).toContain(`The newest image is ${image} (1.4.0, 0123456).`);
  expect(lines.at(-1)).toBe('Nothing was changed.');

  const cloud = fixture.open();
  const heard = recordRefreshes(cloud);
  await roll(cloud, now);
  expect(heard).toMatchObject([
    {
      DesiredConfiguration: {
        MixedInstancesPolicy: {
          LaunchTemplate: {
            LaunchTemplateSpecification: { Version: '2' },
            Overrides: [{ InstanceType: 't3.micro' }, { InstanceType: 't3a.micro' }],
          },
          InstancesDistribution: { OnDemandBaseCapacity: 1 },
        },
      },
      Preferences: {
        MinHealthyPercentage: 100,
        MaxHealthyPercentage: 150,
        InstanceWarmup: 420,
        BakeTime: 180,
        SkipMatching: true,
        AutoRollback: true,
        AlarmSpecification: { Alarms: ['minitwit-unhealthy-instances'] },
      },
    },
  ]);
  expect(await describe(fixture.open())).toEqual({ instances: [image, image], stack: image });
  expect(before.stack).not.toBe(image);

  account.actions.length = 0;
  await roll(fixture.open(), now);
  expect(lines).toContain('Every instance runs this image.');
  expect(changesOf(account)).toEqual([]);
});

test('`cloud roll` reports a rollback, and stores the image neither in the stack nor in the group', async () => {
  const fixture = await createFixtureWithStack();
  const { stack } = await describe(fixture.open());
  await makeImage(fixture.open(), '1.4.0');
  const deleted: string[] = [];
  // The emulator does not implement this action.
  fixture.account.stub('ec2:DeleteLaunchTemplateVersions', ({ body }) => {
    deleted.push(...new URLSearchParams(body.toString()).getAll('LaunchTemplateVersion.1'));
    const name = 'DeleteLaunchTemplateVersionsResponse';
    return { status: 200, body: `<${name}/>` };
  });
  fixture.emulated.refreshEnd = { status: 'RollbackSuccessful', reason: 'it was no good' };
  fixture.account.onRequest = (action) =>
    action === 'autoscaling:DescribeScalingActivities' && fixture.stop();
  await expect(roll(fixture.open(), now)).rejects.toThrow(
    'Stopped by SIGINT. AWS continues to replace the instances. Run npm run cloud -- roll to wait for it.',
  );
  fixture.account.onRequest = () => undefined;
  // The next roll watches the end of the refresh.
  await expect(roll(fixture.open(), now)).rejects.toThrow('AWS has rolled back');
  expect(fixture.lines).toContain(
    'AWS is already replacing the instances. Waiting until that has ended …',
  );
  expect(deleted).toEqual(['2']);
  expect(fixture.lines).toContain('Deleted launch template version 2, which failed to roll out.');
  expect((await describe(fixture.open())).stack).toBe(stack);
});

test('`cloud roll` prints a hint if there is no compatible image, or no stack', async () => {
  const fixture = await createOperationsFixture();
  await expect(roll(fixture.open(), now)).rejects.toThrow(
    'There is no stack minitwit in this region',
  );
  const cloud = fixture.open();
  await createStack(cloud, 'ami-12c6146b');
  await expect(roll(fixture.open(), now)).rejects.toThrow(
    'Run npm run cloud -- image to create one.',
  );
  await makeImage(fixture.open(), '1.4.0');
  fixture.account.stub('ec2:DescribeImages', async (_, pass) => {
    const answered = await pass();
    return { ...answered, body: String(answered.body).replaceAll('x86_64', 'arm64') };
  });
  await expect(roll(fixture.open(), now)).rejects.toThrow(/is for arm64, but a t3.micro is x86_64/);
});

test('`cloud roll` ignores the alarm when MiniTwit is already unhealthy', async () => {
  const fixture = await createFixtureWithStack();
  const cloud = fixture.open();
  const { cloudWatch } = cloud.clients;
  const AlarmName = 'minitwit-unhealthy-instances';
  await cloudWatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      MetricName: 'UnHealthyHostCount',
      Namespace: 'AWS/ApplicationELB',
      Period: 60,
      EvaluationPeriods: 3,
      Threshold: 1,
      Statistic: 'Minimum',
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    }),
  );
  const alarmed = { AlarmName, StateValue: 'ALARM', StateReason: 'none answers' } as const;
  await cloudWatch.send(new SetAlarmStateCommand(alarmed));
  await makeImage(cloud, '1.4.0');
  const heard = recordRefreshes(cloud);
  await roll(cloud, now);
  expect(heard[0]?.Preferences).not.toHaveProperty('AlarmSpecification');
  expect(fixture.lines.join('\n')).toMatch(`The alarm ${AlarmName} is already active`);
});

test('`cloud roll` replaces instances of the same image with other settings, and stops at the alarm without a rollback', async () => {
  const fixture = await createFixtureWithStack();
  const cloud = fixture.open();
  const alarms = ['minitwit-unhealthy-instances'];
  const heard = recordRefreshes(cloud);
  await replaceInstances(cloud);
  expect(heard).toEqual([]);
  const stack = await requireStack(cloud);
  const parameters = toChangedParameters(stack, { InstanceTypes: 't3.small' });
  await changeStack(cloud, stack, { template: null, parameters, dryRun: false });
  await roll(cloud, now);
  expect(heard).toMatchObject([
    { Preferences: { AutoRollback: false, AlarmSpecification: { Alarms: alarms } } },
  ]);
  expect(fixture.lines.join('\n')).toMatch('If a new instance is unhealthy, AWS stops');
  const instances = await listInstances(cloud.clients.ec2, [tagFilter(STACK_TAG, 'minitwit')]);
  const running = instances.filter(({ state }) => state === 'running');
  expect(running.map(({ type }) => type)).toEqual(['t3.small', 't3.small']);
});

test('`cloud roll` that is stopped before the stack has the new image only changes the stack when it is run again', async () => {
  const fixture = await createFixtureWithStack();
  const image = await makeImage(fixture.open(), '1.4.0');
  fixture.account.onRequest = (action) =>
    action === 'cloudformation:CreateChangeSet' && fixture.stop();
  await expect(roll(fixture.open(), now)).rejects.toThrow(/^Stopped by SIGINT\.$/);
  const between = await describe(fixture.open());
  expect(between.instances).toEqual([image, image]);
  expect(between.stack).not.toBe(image);
  fixture.account.onRequest = () => undefined;
  fixture.account.actions.length = 0;
  await roll(fixture.open(), now);
  expect(changesOf(fixture.account)).toEqual([
    'cloudformation:CreateChangeSet',
    'cloudformation:ExecuteChangeSet',
  ]);
  expect((await describe(fixture.open())).stack).toBe(image);
});

test('`cloud roll` replaces instances of a type that is no longer set', async () => {
  const fixture = await createFixtureWithStack();
  const cloud = fixture.open();
  const stack = await requireStack(cloud);
  const { instances } = readOutputs(stack);
  const group = await requireScalingGroup(cloud.clients.autoScaling, instances);
  const [first = ''] = group.members.map(({ id }) => id);
  // AWS has launched this instance of the second type.
  fixture.account.stub('autoscaling:DescribeAutoScalingGroups', async (_, pass) => {
    const { body, ...answer } = await pass();
    const ofSecondType = `<InstanceId>${first}</InstanceId><InstanceType>t3a.micro`;
    const own = new RegExp(`<InstanceId>${first}</InstanceId><InstanceType>[^<]*`);
    return { ...answer, body: String(body).replace(own, ofSecondType) };
  });
  const parameters = toChangedParameters(stack, { InstanceTypes: 't3.micro' });
  await changeStack(cloud, stack, { template: null, parameters, dryRun: false });
  const heard = recordRefreshes(cloud);
  await roll(cloud, now);
  expect(fixture.lines.join('\n')).toMatch(/Instances with outdated settings: 1 of 2 \(i-\w+\)\./);
  expect(heard).toMatchObject([
    {
      DesiredConfiguration: {
        MixedInstancesPolicy: { LaunchTemplate: { Overrides: [{ InstanceType: 't3.micro' }] } },
      },
    },
  ]);
});

test('`cloud roll --image` replaces the instances by those of the chosen image, and stores it', async () => {
  const fixture = await createFixtureWithStack();
  const { stack: first } = await describe(fixture.open());
  const image = await makeImage(fixture.open(), '1.4.0');
  await makeImage(fixture.open(), '1.5.0');
  await roll(fixture.open(), { ...now, imageId: image });
  expect(fixture.lines).toContain(`The chosen image is ${image} (1.4.0, 0123456).`);
  expect(await describe(fixture.open())).toEqual({ instances: [image, image], stack: image });
  // A later change of the stack does not return to another image.
  const cloud = fixture.open();
  const stack = await requireStack(cloud);
  const parameters = toChangedParameters(stack, { BackupDays: '8' });
  await changeStack(cloud, stack, { template: null, parameters, dryRun: false });
  await roll(fixture.open(), { dryRun: true, imageId: image });
  expect(fixture.lines).toContain('Every instance runs this image.');
  expect(first).not.toBe(image);
});

test('`cloud roll --image` refuses an image that is not one of MiniTwit, or not complete, and changes nothing', async () => {
  const fixture = await createFixtureWithStack();
  const unfinished = await makeImage(fixture.open(), 'builder');
  fixture.account.actions.length = 0;
  for (const imageId of ['ami-12c6146b', 'ami-0', 'nonsense', unfinished]) {
    await expect(roll(fixture.open(), { ...now, imageId })).rejects.toThrow(
      `There is no image ${imageId} of MiniTwit in this account and region. Run npm run cloud -- status to list the images.`,
    );
  }
  expect(changesOf(fixture.account)).toEqual([]);
});

test('`cloud roll --back` returns to the image before the current one, and again to that one', async () => {
  const fixture = await createFixtureWithStack();
  const { stack: first = '' } = await describe(fixture.open());
  const second = await makeImage(fixture.open(), '1.4.0');
  await roll(fixture.open(), now);
  await makeImage(fixture.open(), '1.5.0');
  fixture.account.actions.length = 0;
  await roll(fixture.open(), { isBack: true, dryRun: true });
  expect(fixture.lines).toContain(`The previous image is ${first} (1.3.0, 0123456).`);
  expect(changesOf(fixture.account)).toEqual([]);

  await roll(fixture.open(), { ...now, isBack: true });
  expect(await describe(fixture.open())).toEqual({ instances: [first, first], stack: first });
  await roll(fixture.open(), { ...now, isBack: true });
  expect(await describe(fixture.open())).toEqual({ instances: [second, second], stack: second });
});

test('`cloud roll --back` explains that there is no previous image', async () => {
  const fixture = await createFixtureWithStack();
  const { stack } = await describe(fixture.open());
  await makeImage(fixture.open(), '1.4.0');
  fixture.account.actions.length = 0;
  await expect(roll(fixture.open(), { ...now, isBack: true })).rejects.toThrow(
    `There is no previous image: the instances have run only ${stack}. To choose an image, run npm run cloud -- roll ` +
      '--image ID. To list the images, run npm run cloud -- status.',
  );
  expect(changesOf(fixture.account)).toEqual([]);
});

test('`cloud roll --back` reports that the previous image no longer exists, and changes nothing', async () => {
  const fixture = await createFixtureWithStack();
  const { stack: first = '' } = await describe(fixture.open());
  await makeImage(fixture.open(), '1.4.0');
  await roll(fixture.open(), now);
  await deregisterImage(fixture.open().clients.ec2, first);
  fixture.account.actions.length = 0;
  await expect(roll(fixture.open(), { ...now, isBack: true })).rejects.toThrow(
    `There is no image ${first} of MiniTwit`,
  );
  expect(changesOf(fixture.account)).toEqual([]);
});

test('`cloud roll --back` does not return to an image that failed to roll out', async () => {
  const fixture = await createFixtureWithStack();
  const { stack: first } = await describe(fixture.open());
  const second = await makeImage(fixture.open(), '1.4.0');
  fixture.account.fail('ec2:DeleteLaunchTemplateVersions', 'UnauthorizedOperation');
  fixture.emulated.refreshEnd = { status: 'RollbackSuccessful', reason: 'it was no good' };
  await expect(roll(fixture.open(), now)).rejects.toThrow('AWS has rolled back');
  // The stack gets a newer version of the launch template than the failed one.
  const cloud = fixture.open();
  const stack = await requireStack(cloud);
  const parameters = toChangedParameters(stack, { InstanceTypes: 't3.small' });
  await changeStack(cloud, stack, { template: null, parameters, dryRun: false });
  await expect(roll(fixture.open(), { ...now, isBack: true })).rejects.toThrow(
    `There is no previous image: the instances have run only ${first}.`,
  );
  expect(second).not.toBe(first);
});

test('`cloud roll --back` that is interrupted before the stack has the image continues when it is run again', async () => {
  const fixture = await createFixtureWithStack();
  const { stack: first = '' } = await describe(fixture.open());
  await makeImage(fixture.open(), '1.4.0');
  await roll(fixture.open(), now);
  fixture.account.onRequest = (action) =>
    action === 'cloudformation:CreateChangeSet' && fixture.stop();
  await expect(roll(fixture.open(), { ...now, isBack: true })).rejects.toThrow(
    'Stopped by SIGINT.',
  );
  fixture.account.onRequest = () => undefined;
  expect((await describe(fixture.open())).stack).not.toBe(first);
  await roll(fixture.open(), { ...now, isBack: true });
  expect(await describe(fixture.open())).toEqual({ instances: [first, first], stack: first });
});

test('`cloud roll --back` after an interrupted `roll` returns to the image that the stack still has', async () => {
  const fixture = await createFixtureWithStack();
  const { stack: first = '' } = await describe(fixture.open());
  const second = await makeImage(fixture.open(), '1.4.0');
  fixture.account.onRequest = (action) =>
    action === 'cloudformation:CreateChangeSet' && fixture.stop();
  await expect(roll(fixture.open(), now)).rejects.toThrow('Stopped by SIGINT.');
  fixture.account.onRequest = () => undefined;
  expect((await describe(fixture.open())).instances).toEqual([second, second]);
  await roll(fixture.open(), { ...now, isBack: true });
  expect(await describe(fixture.open())).toEqual({ instances: [first, first], stack: first });
});

test('`cloud image` retains the image of `cloud roll --back`, however old it is', async () => {
  const fixture = await createFixtureWithStack();
  const { stack: first = '' } = await describe(fixture.open());
  const second = await makeImage(fixture.open(), '1.4.0');
  await roll(fixture.open(), now);
  const unused = await makeImage(fixture.open(), '1.4.1');
  for (const version of ['1.5.0', '1.5.1', '1.5.2', '1.5.3', '1.5.4'])
    await makeImage(fixture.open(), version);
  const cloud = fixture.open();
  await removeOldImages(cloud);
  const ids = (await listMiniTwitImages(cloud.clients.ec2)).map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining([first, second]));
  expect(ids).not.toContain(unused);
  expect(fixture.lines.join('\n')).toContain(`${first}, MiniTwit 1.3.0, created 2`);
  expect(fixture.lines.join('\n')).toMatch(/which the stack minitwit uses/);
});
