import { expect, test } from 'vitest';
import { provision } from '../../../src/warehouse/commands/provision.ts';
import { outcomeOf } from '../run/interruptions.ts';
import { expectNothingLeft, onceAt } from '../run/request-points.ts';
import { createRunFixture, type RunFixture } from '../run/fixture.ts';

const REFUSED = { code: 'UnauthorizedOperation', status: 403 };

async function makeProvision(): Promise<RunFixture> {
  const fixture = await createRunFixture();
  fixture.context.timing = { ...fixture.context.timing, visibilityTimeoutMs: 200 };
  return fixture;
}

/** How a provision ends, in its one message; `done` when it succeeds. */
function outcomeOfProvision(
  { context }: RunFixture,
  volumeId: string | null = null,
): Promise<string> {
  return outcomeOf(provision(context, context.config, { volumeId, sizeGib: 8, baseImageId: null }));
}

/** That one volume and one image were made, which belong together, and no more than that costs. */
function expectWarehouse({ aws: { account }, lines, volumeId }: RunFixture): void {
  const volume = account.volumes.find(({ id }) => id !== volumeId);
  const image = account.images.at(-1);
  expect(account.listBillable()).toEqual([`${volume?.id} available`, `${image?.id} available`]);
  for (const made of [volume, image]) expect(made?.tags['minitwit:warehouse']).toBe(volume?.id);
  expect(lines).toContain(`WAREHOUSE_VOLUME_ID=${volume?.id}`);
  expect(lines).toContain(`WAREHOUSE_IMAGE_ID=${image?.id}`);
}

/** Expects that a provision has left nothing, not even the snapshot of an image. */
function expectNothingMade(fixture: RunFixture): void {
  expectNothingLeft(fixture);
  expect(fixture.aws.account.snapshots).toEqual([]);
}

test('the instance is stopped before it becomes an image, and ends when that is whole', async () => {
  const fixture = await makeProvision();
  const states: unknown[] = [];
  onceAt(fixture, 'TerminateInstances', () =>
    states.push(fixture.aws.account.images.at(-1)?.states[0]),
  );
  expect(await outcomeOfProvision(fixture)).toBe('done');
  expect(states).toEqual(['available']);
  expectWarehouse(fixture);
});

test('a volume that is there is used, and stays when something fails', async () => {
  const fixture = await makeProvision();
  const { aws, volumeId } = fixture;
  aws.fail('CreateImage', REFUSED);
  expect(await outcomeOfProvision(fixture, volumeId)).toMatch(/UnauthorizedOperation/);
  expectNothingMade(fixture);
  expect(await outcomeOfProvision(fixture, volumeId)).toBe('done');
  expect(aws.account.volumes.map(({ id, tags }) => [id, tags['minitwit:warehouse']])).toEqual([
    [volumeId, volumeId],
  ]);
  expect(fixture.lines).toContain(`WAREHOUSE_VOLUME_ID=${volumeId}`);
});

test.each([
  ['vol-0000000000000000a', /there is no volume vol-0000000000000000a here/],
  [null, /the volume vol-\w+ is attached to i-stranger/],
])('the volume %s cannot be used: that is said before anything is made', async (id, problem) => {
  const fixture = await makeProvision();
  const [volume] = fixture.aws.account.volumes;
  if (volume && id === null) {
    volume.attachment = { instanceId: 'i-stranger', device: '/dev/sdf', states: ['attached'] };
  }
  expect(await outcomeOfProvision(fixture, id ?? fixture.volumeId)).toMatch(problem);
  expect(fixture.aws.account.instances).toEqual([]);
});

test('when a request is refused before anything is made, the operator reads what AWS says', async () => {
  const fixture = await makeProvision();
  fixture.aws.fail('DescribeInstanceTypes', REFUSED);
  expect(await outcomeOfProvision(fixture)).toMatch(/UnauthorizedOperation.*IAM policy/);
  expectNothingMade(fixture);
});

test('an image is found by its tag when the response to its creation is lost', async () => {
  const fixture = await makeProvision();
  fixture.aws.fail('CreateImage', { kind: 'lost' });
  // The repeated request is refused, since the name is taken, so the image is looked up.
  onceAt(fixture, 'CreateImage', () => fixture.aws.fail('DescribeImages', REFUSED));
  expect(await outcomeOfProvision(fixture)).toMatch(
    /Cannot list the images: AWS returned Unauthorized/,
  );
  expectNothingMade(fixture);
});

test.each([
  ['DeregisterImage', /the image ami-\w+, which costs: aws ec2 deregister-image .*--image-id ami-/],
  ['TerminateInstances', /the instance i-\w+, which costs: npm run warehouse -- cleanup \w+/],
  ['DeleteVolume', /the volume vol-\w+, which costs: aws ec2 delete-volume --volume-id vol-/],
])('%s is refused on the way out: what is left is said', async (action, left) => {
  const fixture = await makeProvision();
  fixture.context.timing = { ...fixture.context.timing, waitMaxMs: 1000 };
  fixture.aws.fail('CreateTags', REFUSED);
  fixture.aws.fail(action, { ...REFUSED, times: 1000 });
  expect(await outcomeOfProvision(fixture)).toMatch(left);
});

test('the script fails: the console says why, and nothing is left', async () => {
  const fixture = await makeProvision();
  fixture.aws.account.provisionOutput =
    'The image of the warehouse was not made: dnf brought no MariaDB';
  expect(await outcomeOfProvision(fixture)).toMatch(/not made: dnf brought no MariaDB$/);
  expectNothingMade(fixture);
});

test.each([
  [
    'no such type',
    { instanceType: 'x9.huge' },
    /WAREHOUSE_INSTANCE_TYPE: there is no type x9.huge/,
  ],
  ['a type before Nitro', { instanceType: 't2.large' }, /a t2.large shows its console too late/],
  ['no such subnet', { subnetId: 'subnet-0' }, /WAREHOUSE_SUBNET_ID: there is no subnet subnet-0/],
  ['no such key pair', { keyName: 'nobody' }, /WAREHOUSE_KEY_NAME: there is no key pair nobody/],
  [
    'two problems',
    { keyName: 'nobody', securityGroup: 'sg-0' },
    /:\n {2}WAREHOUSE_SECURITY_GROUP: there is no group sg-0 here\n {2}WAREHOUSE_KEY_NAME/,
  ],
])('%s: nothing is made, and one message says so', async (_, change, message) => {
  const fixture = await makeProvision();
  Object.assign(fixture.context.config, change);
  expect(await outcomeOfProvision(fixture)).toMatch(message);
  expect(fixture.aws.actions).not.toContain('CreateVolume');
});
