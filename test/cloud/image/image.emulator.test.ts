import { randomBytes } from 'node:crypto';
import { CreateStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateImageCommand,
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { type BucketLocationConstraint, CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterEach, expect, test, vi } from 'vitest';
import { type Tags, tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import { runSteps } from '../../../src/aws/runner.ts';
import { openBuild } from '../../../src/cloud/image/build.ts';
import { planBuild } from '../../../src/cloud/image/plan.ts';
import { BUILD_STEPS } from '../../../src/cloud/image/steps.ts';
import { listUnfinished, removeUnfinished } from '../../../src/cloud/image/unfinished.ts';
import { findNewestImage, listOwnImages } from '../../../src/cloud/images.ts';
import { type Answered, refusal } from '../../support/aws-request.ts';
import { type Fate, openWorld, type World } from './world.ts';

afterEach(() => vi.useRealTimers());

const BUILT_ON_PLAIN_LINUX = /MiniTwit \d+\.\d+\.\d+, commit [0-9a-f]{12}, on al2023-ami-2023/;

/** EC2's refusal in its own words. */
function says(code: string, message: string): Answered {
  const body = `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`;
  return { status: 400, headers: { 'content-type': 'text/xml' }, body };
}

test('what is committed is built, on an instance that nobody can log in to, and nothing else stays', async () => {
  const world = await openWorld();
  const { ec2 } = world.cloud.clients;
  const before = await world.list();
  const launched = new URLSearchParams();
  let stateAtEnd = '';

  const said = await world.build({
    'ec2:RunInstances': ({ body }, usual) => {
      for (const [name, value] of new URLSearchParams(body.toString())) launched.set(name, value);
      return usual();
    },
    'ec2:TerminateInstances': async (_, usual) => {
      stateAtEnd = (await findNewestImage(ec2))?.state ?? 'not there';
      return usual();
    },
  });

  expect(said).toBe('done');
  expect(world.lines[0]).toMatch(BUILT_ON_PLAIN_LINUX);
  expect(world.outputs).toEqual(['package-lock.json\nsrc/server.ts\nuserdata/image.sh\n']);
  expect(launched.has('KeyName')).toBe(false);
  expect(launched.get('IamInstanceProfile.Name')).toMatch(/^minitwit-builder-2/);
  expect(launched.get('MetadataOptions.HttpTokens')).toBe('required');
  expect(launched.get('BlockDeviceMapping.1.Ebs.Encrypted')).toBe('true');
  expect(launched.get('InstanceInitiatedShutdownBehavior')).toBe('terminate');
  expect(launched.get('NetworkInterface.1.AssociatePublicIpAddress')).toBe('true');
  expect(stateAtEnd).toBe('available');

  const image = await findNewestImage(ec2);
  const made = (await world.list()).filter((it) => !before.includes(it));
  expect(made).toEqual([image?.id, expect.stringMatching(/^snap-/)]);
  expect(image).toMatchObject({
    name: expect.stringMatching(/^minitwit-2/),
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    tags: { 'minitwit:image': image?.version, 'minitwit:run': image?.name.slice(9) },
  });
  expect(world.lines).toContain(
    `The image ${image?.id}: MiniTwit ${image?.version}, for x86_64 instances.`,
  );
});

test('a source that is not as it was is not built', async () => {
  const world = await openWorld();
  const before = await world.list();
  const said = await world.build({
    's3:GET 2': async (_, usual) => {
      const { body, ...answer } = await usual();
      return { ...answer, headers: {}, body: Buffer.concat([Buffer.from(body), Buffer.from('!')]) };
    },
  });
  expect(said).toMatch(
    /^Installing MiniTwit on i-\w+ has failed: Failed\n.*checksum did NOT match/s,
  );
  expect(said).not.toMatch(/Signature|http/);
  expect(await world.list()).toEqual(before);
});

test('a role that is not known everywhere yet is waited for', async () => {
  const world = await openWorld();
  const tooNew = () =>
    says(
      'InvalidParameterValue',
      'Value (it) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name',
    );
  expect(await world.build({ 'ec2:RunInstances': tooNew, 'ec2:RunInstances 2': tooNew })).toBe(
    'done',
  );
  expect(world.lines.join('\n')).toContain('AWS does not know its role everywhere yet');
});

test('what stands against it is said, and nothing is begun', async () => {
  const world = await openWorld();
  const before = await world.list();
  const noSubnets = () => ({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: '<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>',
  });
  const nowhere = { 'ec2:DescribeSubnets': noSubnets };
  expect(await world.build({}, { instanceType: 'x9.huge' })).toMatch(
    /^Nothing was started, since:\n {2}there is no instance type x9.huge in this region.*$/,
  );
  expect(await world.build({}, { instanceType: 'mac1.metal' })).toMatch(
    /no Amazon Linux 2023 for x86_64_mac, which a mac1.metal is/,
  );
  expect(await world.build(nowhere)).toMatch(/no zone here has .*create-default-vpc/);
  // a full account
  const full = () => says('VcpuLimitExceeded', 'You have requested more vCPU capacity than …');
  expect(await world.build({ 'ec2:RunInstances': full })).toMatch(
    /^Cannot start a t3.small .* AWS says VcpuLimitExceeded: .*Service Quotas\)$/,
  );
  expect(await world.list()).toEqual(before);
});

test('an arm64 type is built on an Amazon Linux for arm64', async () => {
  const { cloud } = await openWorld();
  const { base } = await planBuild(cloud.clients.ec2, 't4g.small');
  expect(base.architecture).toBe('arm64');
});

test('a dry run says every step, and changes nothing', async () => {
  const world = await openWorld();
  world.account.actions.length = 0;
  expect(await world.build({}, { dryRun: true })).toBe('done');
  for (const action of world.account.actions) expect(action).toMatch(/:(Describe|List|GET)/);
  const text = world.lines.join('\n');
  for (const request of ['CreateRole', 'PutObject', 'RunInstances', 'CreateImage', 'DeleteRole'])
    expect(text).toContain(`\n${request} `);
  expect(text).toContain('\nbash userdata/image.sh\n');
  expect(text).toMatch(/Nothing was changed/);
});

test('stopped before the image is handed over, nothing is left; after that, the image is', async () => {
  const world = await openWorld();
  const before = await world.list();
  const stop: Fate = async (_, usual) => {
    const answer = await usual();
    world.stop();
    return answer;
  };
  // while it is installed, and as it is tagged as done
  for (const place of ['ssm:GetCommandInvocation', 'ec2:CreateTags']) {
    expect(await world.build({ [place]: stop }), place).toBe('Stopped by SIGINT.');
    expect(await world.list(), place).toEqual(before);
  }
  expect(await world.build({ 'ec2:TerminateInstances': stop })).toBe('done');
  const made = (await world.list()).filter((it) => !before.includes(it));
  expect(made).toEqual([expect.stringMatching(/^ami-/), expect.stringMatching(/^snap-/)]);
});

test('what is refused on the way out keeps nothing else from going, and goes later; the image stays', async () => {
  const world = await openWorld();
  const before = await world.list();
  const refuse: Fate = (asked) => refusal(asked, 403, 'AccessDenied');
  // one of each step
  const places = [
    'ec2:TerminateInstances',
    'ec2:DeleteSecurityGroup',
    's3:DELETE',
    'iam:DeleteRole',
  ];
  const said = await world.build(Object.fromEntries(places.map((place) => [place, refuse])));
  expect(said).toMatch(/^Not everything could be undone:/);
  expect(said.match(/Cannot .*AccessDenied/g), said).toHaveLength(places.length);
  expect(said.match(/^ {2}the .*: the next image or down/gm), said).toHaveLength(places.length);
  expect(world.lines.join('\n')).toContain('The image ami-');

  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
  expect(await world.build()).toBe('done');
  const ours = (await world.list()).filter((it) => !before.includes(it));
  expect(ours.map((it) => it.split('-')[0])).toEqual(['ami', 'ami', 'snap', 'snap']);
});

test('what a killed one left is removed once nobody can be at work on it', async () => {
  const world = await openWorld();
  const { cloud } = world;
  const before = await world.list();
  const plan = await planBuild(cloud.clients.ec2, 't3.small');
  const build = openBuild(cloud, plan);
  // all but the hand-over
  await runSteps(BUILD_STEPS.slice(0, -1), build, { ...build, pace: { stopMaxMs: 1000 } });
  const left = (await world.list()).filter((it) => !before.includes(it));
  expect(left).toHaveLength(8);
  expect(await listOwnImages(cloud.clients.ec2)).toEqual([]);

  expect(await world.build()).toBe('done');
  expect(world.lines.join('\n')).toContain(`(${plan.runId}): it may be in the making elsewhere`);
  expect(await world.list()).toEqual(expect.arrayContaining(left));

  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
  expect(await world.build()).toBe('done');
  expect(world.lines.join('\n')).toContain('Removing what is left of an image that was begun 3 h');
  const still = await world.list();
  expect(left.filter((it) => still.includes(it))).toEqual([]);
});

test('what is left in another region is left to a command there; what is here is found on any page', async () => {
  const world = await openWorld();
  const { iam, s3 } = world.cloud.clients;
  const begin = async (region: string, runId: string) => {
    const name = `minitwit-builder-${runId}`;
    const AssumeRolePolicyDocument = '{"Version":"2012-10-17","Statement":[]}';
    const Path = `/minitwit-builder/${region}/`;
    await iam.send(new CreateRoleCommand({ RoleName: name, Path, AssumeRolePolicyDocument }));
    const Bucket = name.toLowerCase();
    const elsewhere = { LocationConstraint: region as BucketLocationConstraint };
    const where = region === 'us-east-1' ? {} : { CreateBucketConfiguration: elsewhere };
    await s3.send(new CreateBucketCommand({ Bucket, ...where }));
  };
  // Names of buckets are taken in all accounts.
  const [first = '', second = '', third = ''] = [20, 21, 22].map(
    (day) => `202511${day}T001500Z-${randomBytes(2).toString('hex')}`,
  );
  await begin('us-east-1', first);
  await begin('us-east-1', second);
  const before = await world.list();
  await begin('eu-west-1', third);
  const onlyThere = (await world.list()).filter((it) => !before.includes(it));
  world.account.stand('iam:ListRoles', ({ body }, pass) => pass(`${body.toString()}&MaxItems=1`));

  const found = await listUnfinished(world.cloud.clients);
  expect(found.map(({ runId }) => runId)).toEqual([first, second]);
  await removeUnfinished(world.cloud);
  const still = await world.list();
  expect(still.filter((it) => it.startsWith('minitwit-builder-'))).toEqual(onlyThere);
});

test('the newest five images stay, and those that something uses', async () => {
  const world = await openWorld();
  const { ec2 } = world.cloud.clients;
  const [first = '', second = '', third = '', fourth = ''] = await makeImages(world, 8);
  await ec2.send(new RunInstancesCommand({ ImageId: first, MinCount: 1, MaxCount: 1 }));
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'minitwit',
      LaunchTemplateData: { ImageId: second },
    }),
  );

  await world.cloud.clients.cloudFormation.send(
    new CreateStackCommand({
      StackName: 'minitwit-b',
      TemplateBody: JSON.stringify({
        Parameters: { ImageId: { Type: 'String' } },
        Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
      }),
      Parameters: [{ ParameterKey: 'ImageId', ParameterValue: third }],
      Tags: [{ Key: 'minitwit:stack', Value: 'minitwit-b' }],
    }),
  );

  expect(await world.build()).toBe('done');

  const ids = (await listOwnImages(ec2)).map(({ id }) => id);
  expect(ids).toHaveLength(8);
  expect(ids.slice(-3)).toEqual([third, second, first]);
  expect(ids).not.toContain(fourth);
  expect(world.lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(`Removing the old image ${fourth}, MiniTwit 1.0.3, made 2`),
      expect.stringMatching(`Keeping ${third}, .*: the stack minitwit-b uses it`),
      expect.stringMatching(`Keeping ${second}, .*: lt-\\w+ uses it`),
      expect.stringMatching(`Keeping ${first}, .*: i-\\w+ uses it`),
    ]),
  );
});

/** So many images of ours, and one that is not done; the oldest first. */
async function makeImages({ cloud }: World, count: number): Promise<string[]> {
  const { ec2 } = cloud.clients;
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: Images[0]?.ImageId, MinCount: 1, MaxCount: 1 }),
  );
  const make = async (name: string, tags: Tags) => {
    const { ImageId = '' } = await ec2.send(
      new CreateImageCommand({
        InstanceId: Instances[0]?.InstanceId,
        Name: name,
        TagSpecifications: tagSpecifications(tags, 'image', 'snapshot'),
      }),
    );
    return ImageId;
  };
  await make('minitwit-undone', { 'minitwit:image': 'builder' });
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const tags = { 'minitwit:image': `1.0.${n}`, 'minitwit:commit': 'abc' };
    ids.push(await make(`minitwit-2025112${n}T001500Z-0000`, tags));
  }
  return ids;
}
