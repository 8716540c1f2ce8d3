import { afterEach, expect, test, vi } from 'vitest';
import { refusal } from '../../support/aws-front.ts';
import { type Fate, openWorld } from './world.ts';

// What a build asks of AWS, in order: before anything is made, until the image is, and on the way out. S3's names
// are those of HTTP: of its PUTs the second is of the source, of its GETs the builder's.
const BEFORE = [
  'ec2:DescribeInstanceTypes',
  'ec2:DescribeInstanceTypeOfferings',
  'ec2:DescribeImages',
  'ec2:DescribeSubnets',
  'ec2:DescribeInstances',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSnapshots',
  'iam:ListRoles',
  'iam:ListInstanceProfiles',
  's3:GET',
];
const WAY_IN = [
  'iam:CreateRole',
  'iam:PutRolePolicy',
  'iam:CreateInstanceProfile',
  'iam:AddRoleToInstanceProfile',
  's3:PUT',
  's3:PUT 2',
  'ec2:CreateSecurityGroup',
  'ec2:RunInstances',
  'ssm:DescribeInstanceInformation',
  'ssm:SendCommand',
  's3:GET 2',
  'ssm:GetCommandInvocation',
  'ec2:StopInstances',
  'ec2:CreateImage',
  'ec2:CreateTags 2',
];
// on the way out: together what does not keep the others from being asked
const WAY_OUT = [
  [
    'ec2:TerminateInstances',
    'ec2:DeleteSecurityGroup',
    's3:DELETE',
    'iam:RemoveRoleFromInstanceProfile',
  ],
  ['ec2:DescribeVolumes', 's3:DELETE 2', 'iam:DeleteInstanceProfile'],
  ['iam:DeleteRolePolicy'],
  ['iam:DeleteRole'],
];

afterEach(() => vi.useRealTimers());

const isNoLook = (place: string) => !/Describe|Get|GET/.test(place);
const refuse: Fate = (asked) => refusal(asked, 403, 'AccessDenied');
const lose: Fate = async (_, usual) => {
  await usual();
  throw new Error('lost');
};

/** Lets the hours pass after which nobody is at work any more on what was begun. */
function passHours(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
}

test('whatever is refused until the image is made: nothing is left, and the message says what', async () => {
  const world = await openWorld();
  const before = await world.list();
  for (const place of BEFORE) {
    const said = await world.build({ [place]: refuse });
    expect.soft(said, place).toMatch(/^Cannot look .*AWS says AccessDenied/);
  }
  expect(await world.list()).toEqual(before);
  for (const place of WAY_IN) {
    const said = await world.build({ [place]: refuse });
    // the builder has no right that could be missing: its address is refused
    const expected =
      place === 's3:GET 2' ? /has failed: .*\n.*403/ : /^Cannot .*AWS says AccessDenied/;
    expect.soft(said, place).toMatch(expected);
    expect.soft(await world.list(), place).toEqual(before);
  }
  expect(await world.build()).toBe('done');
});

test('whatever is refused on the way out: the image stays, and what is left goes later', async () => {
  const world = await openWorld();
  const before = await world.list();
  for (const places of WAY_OUT) {
    const said = await world.build(Object.fromEntries(places.map((place) => [place, refuse])));
    expect.soft(said).toMatch(/^Not everything could be undone:/);
    expect.soft(said.match(/Cannot .*AccessDenied/g), said).toHaveLength(places.length);
    expect.soft(said).toMatch(/This may still exist:\n {2}the .*: the next image or down/);
  }
  expect(await world.build()).toBe('done');
  expect(world.lines).toContainEqual(
    expect.stringMatching(/There is an image that was begun 0 min ago .* is left alone/),
  );
  expect(await world.list()).toContainEqual(expect.stringMatching(/^minitwit-builder-/));

  passHours();
  expect(await world.build()).toBe('done');
  const ours = (await world.list()).filter((it) => !before.includes(it));
  expect(ours.map((it) => it.split('-')[0])).toEqual([
    ...Array<string>(5).fill('ami'),
    ...Array<string>(5).fill('snap'),
  ]);
});

test('whatever answer is lost: one image is made, by one script, and nothing else is left', async () => {
  const world = await openWorld();
  const before = await world.list();
  // asked again for what it has done, AWS says of a role something for which the SDK goes on asking
  const isToLose = (place: string) => isNoLook(place) && !place.startsWith('iam:AddRole');
  const changing = [...WAY_IN, ...WAY_OUT.flat()].filter(isToLose);
  expect(await world.build(Object.fromEntries(changing.map((place) => [place, lose])))).toBe(
    'done',
  );
  const made = (await world.list()).filter((it) => !before.includes(it));
  expect(made).toEqual([expect.stringMatching(/^ami-/), expect.stringMatching(/^snap-/)]);
  expect(world.outputs).toHaveLength(1);
});

test('what is done and never answered is found: nothing is left', async () => {
  const world = await openWorld();
  const before = await world.list();
  for (const action of ['ec2:CreateSecurityGroup', 'ec2:RunInstances']) {
    const later = Array.from({ length: 30 }, (_, n) => [`${action} ${n + 2}`, lose] as const);
    const said = await world.build({ [action]: lose, ...Object.fromEntries(later) });
    expect.soft(said, action).toMatch(/cannot be reached/);
    expect.soft(await world.list(), action).toEqual(before);
  }
});

test('whenever it is stopped: nothing is left, and it can be begun again', async () => {
  const world = await openWorld();
  const before = await world.list();
  const stop: Fate = async (_, usual) => {
    const answer = await usual();
    world.stop();
    return answer;
  };
  // the role is one step, of which the last request is enough
  const isOther = (place: string) => isNoLook(place) && !/Create(Role|Inst)|Policy/.test(place);
  for (const place of ['ec2:DescribeSubnets', ...WAY_IN.filter(isOther)]) {
    expect.soft(await world.build({ [place]: stop }), place).toBe('Stopped by SIGINT.');
    expect.soft(await world.list(), place).toEqual(before);
  }
  // once the image is there, nothing is gained by removing it
  expect(await world.build({ 'ec2:TerminateInstances': stop })).toBe('done');
  const made = (await world.list()).filter((it) => !before.includes(it));
  expect(made).toEqual([expect.stringMatching(/^ami-/), expect.stringMatching(/^snap-/)]);
});
