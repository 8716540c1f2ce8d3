import { expect, test } from 'vitest';
import { OperatorError } from '../../../src/errors.ts';
import { provision } from '../../../src/warehouse/commands/provision.ts';
import { countRequestsAsTime } from './clock.ts';
import { onceAt } from './moments.ts';
import { makeWorld, type World } from './world.ts';

const REFUSED = { code: 'UnauthorizedOperation', status: 403 };
const FOR_EVER = { kind: 'lost', times: 1000 } as const;

// What a provision asks of AWS, in order: until something is made, on the way in, and on the way out.
const BEFORE = [
  'DescribeInstanceTypes',
  'DescribeInstanceTypeOfferings',
  'DescribeSubnets',
  'DescribeKeyPairs',
  'DescribeSecurityGroups',
];
const WAY_IN = [
  'DescribeImages',
  'CreateVolume',
  'DescribeVolumes',
  'RunInstances',
  'DescribeInstances',
  'AttachVolume',
  'GetConsoleOutput',
  'DetachVolume',
  'StopInstances',
  'CreateImage',
  'CreateTags',
];
const WAY_OUT = ['DeregisterImage', 'TerminateInstances', 'DeleteVolume'];

async function makeProvision(): Promise<World> {
  const world = await makeWorld();
  countRequestsAsTime(world);
  world.parts.pace = { ...world.parts.pace, lostMaxMs: 400 };
  return world;
}

/** How a provision ends, in its one message; `done` when it succeeds. */
async function outcomeOf({ parts }: World, volumeId: string | null = null): Promise<string> {
  try {
    await provision(parts, parts.config, { volumeId, sizeGib: 8, baseImageId: null });
    return 'done';
  } catch (error) {
    return error instanceof OperatorError ? error.message : `not for operators: ${String(error)}`;
  }
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

function expectNothingLeft({ aws: { account }, volumeId }: World): void {
  expect(account.billing()).toEqual([]);
  expect(account.volumes.map(({ id }) => id)).toEqual([volumeId]);
  expect(account.snapshots).toEqual([]);
}

test('the instance is stopped before it becomes an image, and ends when that is whole', async () => {
  const world = await makeProvision();
  const states: unknown[] = [];
  onceAt(world, 'TerminateInstances', () =>
    states.push(world.aws.account.images.at(-1)?.states[0]),
  );
  expect(await outcomeOf(world)).toBe('done');
  expect(states).toEqual(['available']);
  expectWarehouse(world);
});

test('a volume that is there is used, and stays when something fails', async () => {
  const world = await makeProvision();
  const { aws, volumeId } = world;
  aws.fail('CreateImage', REFUSED);
  expect(await outcomeOf(world, volumeId)).toMatch(/UnauthorizedOperation/);
  expectNothingLeft(world);
  expect(await outcomeOf(world, volumeId)).toBe('done');
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
  expect(await outcomeOf(world, id ?? world.volumeId)).toMatch(problem);
  expect(world.aws.account.instances).toEqual([]);
});

test.each([...BEFORE, ...WAY_IN])('%s is refused: nothing is left', async (action) => {
  const world = await makeProvision();
  world.aws.fail(action, REFUSED);
  expect(await outcomeOf(world)).toMatch(/UnauthorizedOperation.*IAM policy/);
  expectNothingLeft(world);
});

test.each([...BEFORE, ...WAY_IN])('%s loses its answer: all is made, once', async (action) => {
  const world = await makeProvision();
  world.aws.fail(action, { kind: 'lost' });
  expect(await outcomeOf(world)).toBe('done');
  expectWarehouse(world);
});

test.each(['CreateVolume', 'RunInstances', 'CreateTags'])(
  '%s is done and never answered: nothing is left',
  async (action) => {
    const world = await makeProvision();
    world.aws.account.looksUnseen = 3;
    world.aws.fail(action, FOR_EVER);
    expect(await outcomeOf(world)).toMatch(/AWS cannot be reached/);
    expectNothingLeft(world);
  },
);

test('an image that AWS made but never told of is found by its tag', async () => {
  const world = await makeProvision();
  world.aws.fail('CreateImage', { kind: 'lost' });
  // it says then that there is one of this name
  onceAt(world, 'CreateImage', () => world.aws.fail('DescribeImages', REFUSED));
  expect(await outcomeOf(world)).toMatch(/Cannot look for images: AWS says Unauthorized/);
  expectNothingLeft(world);
});

test.each([...BEFORE, ...WAY_IN])('stopped at %s: nothing is left', async (action) => {
  const world = await makeProvision();
  world.aws.account.looksUnseen = 3;
  onceAt(world, action, () => world.stop(new OperatorError('Stopped by SIGINT.')));
  expect(await outcomeOf(world)).toBe('Stopped by SIGINT.');
  expectNothingLeft(world);
});

test.each(WAY_OUT)('%s loses its answer on the way out: nothing is left', async (action) => {
  const world = await makeProvision();
  world.aws.fail('CreateTags', REFUSED);
  world.aws.fail(action, { kind: 'lost' });
  expect(await outcomeOf(world)).toMatch(/UnauthorizedOperation/);
  expectNothingLeft(world);
});

test.each([
  ['DeregisterImage', /the image ami-\w+: aws ec2 deregister-image .*--image-id ami-/],
  ['TerminateInstances', /the instance i-\w+, which costs: npm run warehouse -- cleanup \w+/],
  ['DeleteVolume', /the volume vol-\w+, which costs: aws ec2 delete-volume --volume-id vol-/],
])('%s is refused on the way out: what is left is said', async (action, left) => {
  const world = await makeProvision();
  world.parts.pace = { ...world.parts.pace, waitMaxMs: 1000 };
  world.aws.fail('CreateTags', REFUSED);
  world.aws.fail(action, { ...REFUSED, times: 1000 });
  expect(await outcomeOf(world)).toMatch(left);
});

test('the script fails: the console says why, and nothing is left', async () => {
  const world = await makeProvision();
  world.aws.account.scriptSays = 'The image of the warehouse was not made: dnf brought no MariaDB';
  expect(await outcomeOf(world)).toMatch(/not made: dnf brought no MariaDB$/);
  expectNothingLeft(world);
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
    /since:\n {2}WAREHOUSE_SECURITY_GROUP: there is no group sg-0 here\n {2}WAREHOUSE_KEY_NAME/,
  ],
])('%s: nothing is made, and one message says so', async (_, change, message) => {
  const world = await makeProvision();
  Object.assign(world.parts.config, change);
  expect(await outcomeOf(world)).toMatch(message);
  expect(world.aws.asked).not.toContain('CreateVolume');
});
