import { expect, test } from 'vitest';
import { run } from '../../../src/warehouse/commands/run.ts';
import { STOPPED } from './interruptions.ts';
import { expectNothingLeft, onceAt } from './request-points.ts';
import { makeWorld } from './fixture.ts';

// The tests of steps/ stop a run in each step.
test.each([
  ['while it copies', 'work'],
  ['as it is left running', 'CreateTags'],
])('a run that is stopped %s undoes everything, and ends with the reason', async (_, event) => {
  const world = await makeWorld();
  onceAt(world, event, () => world.stop(STOPPED));
  await expect(run(world.context, { keep: true })).rejects.toBe(STOPPED);
  expectNothingLeft(world);
});

test('a run that is stopped does not wait for its snapshot', async () => {
  const world = await makeWorld();
  onceAt(world, 'CreateSnapshot', () => world.stop(STOPPED));
  await run(world.context, { keep: false });
  expect(world.lines.join('\n')).toMatch(/snap-\w+ is still pending; AWS completes it by itself/);
  expect(world.aws.account.snapshots).toHaveLength(1);
  expectNothingLeft(world);
});

test('a spot instance that AWS wants back: the run ends in order, in time', async () => {
  const world = await makeWorld();
  world.context.config.market = 'spot';
  world.context.copy = (_, { signal }) =>
    new Promise((_done, fail) => {
      const { spotStatus } = world.aws.account;
      for (const id of spotStatus.keys()) spotStatus.set(id, 'marked-for-termination');
      signal.addEventListener('abort', () => fail(new Error('ssh: cut')));
    });
  await expect(run(world.context, { keep: false })).rejects.toThrow(
    /AWS takes the spot instance back \(marked-for-termination\)/,
  );
  expect(world.passed).toContain('stop-mysql');
  expectNothingLeft(world);
});
