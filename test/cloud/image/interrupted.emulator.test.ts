import { expect, onTestFinished, test, vi } from 'vitest';
import { formatAwsError } from '../../support/aws-request.ts';
import { type Fate, openWorld } from './fixture.ts';

test('`cloud image` that is stopped leaves only the image, and that only when it is complete', async () => {
  const world = await openWorld();
  const before = await world.list();
  const stop: Fate = async (_, usual) => {
    const answer = await usual();
    world.stop();
    return answer;
  };
  // During the installation, and as the image is tagged as complete.
  for (const place of ['ssm:GetCommandInvocation', 'ec2:CreateTags']) {
    expect(await world.build({ [place]: stop }), place).toBe('Stopped by SIGINT.');
    expect(await world.list(), place).toEqual(before);
  }
  expect(await world.build({ 'ec2:TerminateInstances': stop })).toBe('done');
  const made = (await world.list()).filter((it) => !before.includes(it));
  expect(made).toEqual([expect.stringMatching(/^ami-/), expect.stringMatching(/^snap-/)]);
});

test('`cloud image` removes everything that AWS lets it remove, and the rest when it is run again', async () => {
  const world = await openWorld();
  const before = await world.list();
  const refuse: Fate = (asked) => formatAwsError(asked, 403, 'AccessDenied');
  // One removal of each step.
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

  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
  expect(await world.build()).toBe('done');
  const ours = (await world.list()).filter((it) => !before.includes(it));
  expect(ours.map((it) => it.split('-')[0])).toEqual(['ami', 'ami', 'snap', 'snap']);
});
