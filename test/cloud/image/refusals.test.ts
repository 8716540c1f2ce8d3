import { afterEach, expect, test, vi } from 'vitest';
import { refusal } from '../../support/aws-request.ts';
import { BEFORE, WAY_IN, WAY_OUT } from './moments.ts';
import { type Fate, openWorld } from './world.ts';

afterEach(() => vi.useRealTimers());

const refuse: Fate = (asked) => refusal(asked, 403, 'AccessDenied');

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
  expect(world.account.actions.filter((it) => !/:(Describe|List|GET)/.test(it))).toEqual([]);
  for (const place of WAY_IN) {
    const said = await world.build({ [place]: refuse });
    // the builder has no right that could be missing: its address is refused
    const expected =
      place === 's3:GET 2' ? /has failed: .*\n.*403/ : /^Cannot .*AWS says AccessDenied/;
    expect.soft(said, place).toMatch(expected);
  }
  expect(await world.list()).toEqual(before);
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
