import { expect, test } from 'vitest';
import { provision } from '../../../src/warehouse/commands/provision.ts';
import { outcomeOf } from '../run/interruptions.ts';
import { expectNothingLeft, onceAt } from '../run/request-points.ts';
import { makeWorld, type World } from '../run/fixture.ts';

const REFUSED = { code: 'UnauthorizedOperation', status: 403 };

async function makeProvision(): Promise<World> {
  const world = await makeWorld();
  world.context.timing = { ...world.context.timing, visibilityTimeoutMs: 200 };
  return world;
}

/** How a provision ends, in its one message; `done` when it succeeds. */
function outcomeOfProvision({ context }: World, volumeId: string | null = null): Promise<string> {
  return outcomeOf(provision(context, context.config, { volumeId, sizeGib: 8, baseImageId: null }));
}

/** That one volume and one image were made, which belong together, and no more than that costs. */
function expectWarehouse({ aws: { account }, lines, volumeId }: World): void {
  const volume = account.volumes.find(({ id }) => id !== volumeId);
  const image = account.images.at(-1);
  expect(account.billing()).toEqual([`${volume?.id} available`, `${image?.id} available`]);
  for (const made of [volume, image]) expect(made?.tags['minitwit:warehouse']).toBe(volume?.id);
  expect(lines).toContain(`WAREHOUSE_VOLUME_ID=${volume?.id}`);
  expect(lines).toContain(`WAREHOUSE_IMAGE_ID=${image?.id}`);
}

/** Expects that a provision has left nothing, not even the snapshot of an image. */
function expectNothingMade(world: World): void {
  expectNothingLeft(world);
  expect(world.aws.account.snapshots).toEqual([]);
}

test('the instance is stopped before it becomes an image, and ends when that is whole', async () => {
  const world = await makeProvision();
  const states: unknown[] = [];
  onceAt(world, 'TerminateInstances', () =>
    states.push(world.aws.account.images.at(-1)?.states[0]),
  );
  expect(await outcomeOfProvision(world)).toBe('done');
  expect(states).toEqual(['available']);
  expectWarehouse(world);
});

test('a volume that is there is used, and stays when something fails', async () => {
  const world = await makeProvision();
  const { aws, volumeId } = world;
  aws.fail('CreateImage', REFUSED);
  expect(await outcomeOfProvision(world, volumeId)).toMatch(/UnauthorizedOperation/);
  expectNothingMade(world);
  expect(await outcomeOfProvision(world, volumeId)).toBe('done');
  expect(aws.account.volumes.map(({ id, tags }) => [id, tags['minitwit:warehouse']])).toEqual([
    [volumeId, volumeId],
  ]);
  expect(world.lines).toContain(`WAREHOUSE_VOLUME_ID=${volumeId}`);
});

test.each([
  ['vol-0000000000000000a', /there is no volume vol-0000000000000000a here/],
  [null, /the volume vol-\w+ is attached to i-stranger/],
])('the volume %s cannot be used: that is said before anything is made', async (id, problem) => {
  const world = await makeProvision();
  const [volume] = world.aws.account.volumes;
  if (volume && id === null) {
    volume.attachment = { instanceId: 'i-stranger', device: '/dev/sdf', states: ['attached'] };
  }
  expect(await outcomeOfProvision(world, id ?? world.volumeId)).toMatch(problem);
  expect(world.aws.account.instances).toEqual([]);
});

test('when a request is refused before anything is made, the operator reads what AWS says', async () => {
  const world = await makeProvision();
  world.aws.fail('DescribeInstanceTypes', REFUSED);
  expect(await outcomeOfProvision(world)).toMatch(/UnauthorizedOperation.*IAM policy/);
  expectNothingMade(world);
});

test('an image is found by its tag when the response to its creation is lost', async () => {
  const world = await makeProvision();
  world.aws.fail('CreateImage', { kind: 'lost' });
  // The repeated request is refused, since the name is taken, so the image is looked up.
  onceAt(world, 'CreateImage', () => world.aws.fail('DescribeImages', REFUSED));
  expect(await outcomeOfProvision(world)).toMatch(
    /Cannot list the images: AWS returned Unauthorized/,
  );
  expectNothingMade(world);
});

test.each([
  ['DeregisterImage', /the image ami-\w+, which costs: aws ec2 deregister-image .*--image-id ami-/],
  ['TerminateInstances', /the instance i-\w+, which costs: npm run warehouse -- cleanup \w+/],
  ['DeleteVolume', /the volume vol-\w+, which costs: aws ec2 delete-volume --volume-id vol-/],
])('%s is refused on the way out: what is left is said', async (action, left) => {
  const world = await makeProvision();
  world.context.timing = { ...world.context.timing, waitMaxMs: 1000 };
  world.aws.fail('CreateTags', REFUSED);
  world.aws.fail(action, { ...REFUSED, times: 1000 });
  expect(await outcomeOfProvision(world)).toMatch(left);
});

test('the script fails: the console says why, and nothing is left', async () => {
  const world = await makeProvision();
  world.aws.account.scriptSays = 'The image of the warehouse was not made: dnf brought no MariaDB';
  expect(await outcomeOfProvision(world)).toMatch(/not made: dnf brought no MariaDB$/);
  expectNothingMade(world);
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
  const world = await makeProvision();
  Object.assign(world.context.config, change);
  expect(await outcomeOfProvision(world)).toMatch(message);
  expect(world.aws.asked).not.toContain('CreateVolume');
});
