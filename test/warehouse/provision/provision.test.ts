import { expect, test } from 'vitest';
import { provision } from '../../../src/warehouse/commands/provision.ts';
import { outcomeOf } from '../run/interruptions.ts';
import { expectNothingLeft, onceAt } from '../run/request-points.ts';
import { createRunFixture, type RunFixture } from '../run/fixture.ts';

const REFUSED = { code: 'UnauthorizedOperation', status: 403 };

async function createProvisionFixture(): Promise<RunFixture> {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, visibilityTimeoutMs: 200 };
  return fixture;
}

/** Returns the message with which a provision fails, or `done` when it succeeds. */
function outcomeOfProvision(
  { context }: RunFixture,
  volumeId: string | null = null,
): Promise<string> {
  return outcomeOf(provision(context, context.config, { volumeId, sizeGib: 8, baseImageId: null }));
}

/** Expects one new volume with its image, and no other billable resource. */
function expectWarehouse({ aws: { account }, lines, volumeId }: RunFixture): void {
  const volume = account.volumes.find(({ id }) => id !== volumeId);
  const image = account.images.at(-1);
  expect(account.listBillable()).toEqual([`${volume?.id} available`, `${image?.id} available`]);
  for (const created of [volume, image])
    expect(created?.tags['minitwit:warehouse']).toBe(volume?.id);
  expect(lines).toContain(`WAREHOUSE_VOLUME_ID=${volume?.id}`);
  expect(lines).toContain(`WAREHOUSE_IMAGE_ID=${image?.id}`);
}

/** Expects no resource of a provision, not even the snapshot of an image. */
function expectNothingCreated(fixture: RunFixture): void {
  expectNothingLeft(fixture);
  expect(fixture.aws.account.snapshots).toEqual([]);
}

test('terminates the builder only when the image is available', async () => {
  const fixture = await createProvisionFixture();
  const states: unknown[] = [];
  onceAt(fixture, 'TerminateInstances', () =>
    states.push(fixture.aws.account.images.at(-1)?.states[0]),
  );
  expect(await outcomeOfProvision(fixture)).toBe('done');
  expect(states).toEqual(['available']);
  expectWarehouse(fixture);
});

test.each([
  ['t3.large', 'standard'],
  ['m5.large', ''],
])('a builder of the type %s has the CPU credits "%s"', async (instanceType, cpuCredits) => {
  const fixture = await createProvisionFixture();
  fixture.context.config.instanceType = instanceType;
  expect(await outcomeOfProvision(fixture)).toBe('done');
  expect(fixture.aws.account.instances).toMatchObject([{ cpuCredits }]);
});

test('uses an existing volume, and retains it after a failure', async () => {
  const fixture = await createProvisionFixture();
  const { aws, volumeId } = fixture;
  aws.fail('CreateImage', REFUSED);
  expect(await outcomeOfProvision(fixture, volumeId)).toMatch(/UnauthorizedOperation/);
  expectNothingCreated(fixture);
  expect(await outcomeOfProvision(fixture, volumeId)).toBe('done');
  expect(aws.account.volumes.map(({ id, tags }) => [id, tags['minitwit:warehouse']])).toEqual([
    [volumeId, volumeId],
  ]);
  expect(fixture.lines).toContain(`WAREHOUSE_VOLUME_ID=${volumeId}`);
});

test.each([
  ['vol-0000000000000000a', /This region has no volume vol-0000000000000000a\./],
  [null, /The volume vol-\w+ is attached to i-stranger\./],
])('refuses the volume %s before anything is created', async (id, problem) => {
  const fixture = await createProvisionFixture();
  const [volume] = fixture.aws.account.volumes;
  if (volume && id === null) {
    volume.attachment = { instanceId: 'i-stranger', device: '/dev/sdf', states: ['attached'] };
  }
  expect(await outcomeOfProvision(fixture, id ?? fixture.volumeId)).toMatch(problem);
  expect(fixture.aws.account.instances).toEqual([]);
});

test('a request that is refused before anything is created is reported in the words of AWS', async () => {
  const fixture = await createProvisionFixture();
  fixture.aws.fail('DescribeInstanceTypes', REFUSED);
  expect(await outcomeOfProvision(fixture)).toMatch(/UnauthorizedOperation.*IAM policies/);
  expectNothingCreated(fixture);
});

test('finds an image by its tag when the response to its creation is lost', async () => {
  const fixture = await createProvisionFixture();
  fixture.aws.fail('CreateImage', { kind: 'lost' });
  // The repeated request is refused, since the name is taken, so the image is looked up.
  onceAt(fixture, 'CreateImage', () => fixture.aws.fail('DescribeImages', REFUSED));
  expect(await outcomeOfProvision(fixture)).toMatch(
    /Cannot list the images: AWS returned Unauthorized/,
  );
  expectNothingCreated(fixture);
});

test.each([
  [
    'DeregisterImage',
    /the image ami-\w+, which costs money\. To remove it: aws ec2 deregister-image .*--image-id ami-/,
  ],
  [
    'TerminateInstances',
    /the instance i-\w+, which costs money\. To remove it: npm run warehouse -- cleanup \w+/,
  ],
  [
    'DeleteVolume',
    /the volume vol-\w+, which costs money\. To remove it: aws ec2 delete-volume --volume-id vol-/,
  ],
])('names the resource that still exists when %s is refused', async (action, orphan) => {
  const fixture = await createProvisionFixture();
  fixture.context.timing = { ...fixture.context.timing, waitMaxMs: 1000 };
  fixture.aws.fail('CreateTags', REFUSED);
  fixture.aws.fail(action, { ...REFUSED, times: 1000 });
  expect(await outcomeOfProvision(fixture)).toMatch(orphan);
});

test('reports the problem on the console when the script fails, and leaves nothing', async () => {
  const fixture = await createProvisionFixture();
  fixture.aws.account.provisionOutput =
    'The image of the warehouse was not created: dnf could not install MariaDB';
  expect(await outcomeOfProvision(fixture)).toMatch(/not created: dnf could not install MariaDB$/);
  expectNothingCreated(fixture);
});

test.each([
  [
    'no such type',
    { instanceType: 'x9.huge' },
    /WAREHOUSE_INSTANCE_TYPE: .* no instance type x9\.huge/,
  ],
  ['a type before Nitro', { instanceType: 't2.large' }, /the console of t2\.large too late/],
  ['no such subnet', { subnetId: 'subnet-0' }, /WAREHOUSE_SUBNET_ID: .* no subnet subnet-0/],
  ['no such key pair', { keyName: 'unknown' }, /WAREHOUSE_KEY_NAME: .* no key pair unknown/],
  [
    'two problems',
    { keyName: 'unknown', securityGroup: 'sg-0' },
    /:\n {2}WAREHOUSE_SECURITY_GROUP: .* sg-0\.\n {2}WAREHOUSE_KEY_NAME/,
  ],
])('reports %s before anything is created', async (_, change, message) => {
  const fixture = await createProvisionFixture();
  Object.assign(fixture.context.config, change);
  expect(await outcomeOfProvision(fixture)).toMatch(message);
  expect(fixture.aws.actions).not.toContain('CreateVolume');
});
