import { expect, test } from 'vitest';
import { isNoLook, lose, WAY_IN, WAY_OUT } from './moments.ts';
import { type Fate, openWorld } from './world.ts';

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
  const world = await openWorld(3000);
  const before = await world.list();
  for (const action of ['ec2:CreateSecurityGroup', 'ec2:RunInstances']) {
    const later = Array.from({ length: 200 }, (_, n) => [`${action} ${n + 2}`, lose] as const);
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
  }
  expect(await world.list()).toEqual(before);
  // once the image is there, nothing is gained by removing it
  expect(await world.build({ 'ec2:TerminateInstances': stop })).toBe('done');
  const made = (await world.list()).filter((it) => !before.includes(it));
  expect(made).toEqual([expect.stringMatching(/^ami-/), expect.stringMatching(/^snap-/)]);
});
