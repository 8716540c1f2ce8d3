import { expect, test } from 'vitest';
import { OperatorError } from '../../../src/errors.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { expectNothingLeft, onceAt, WAY_IN, WAY_OUT } from './moments.ts';
import { makeWorld } from './world.ts';

const stopped = new OperatorError('Stopped by SIGINT.');

// the last is that it is to be kept
test.each([...WAY_IN, 'CreateTags'])('stopped at %s: everything is undone', async (moment) => {
  const world = await makeWorld();
  onceAt(world, moment, () => world.stop(stopped));
  await expect(run(world.parts, { keep: true })).rejects.toBe(stopped);
  expectNothingLeft(world);
});

test.each(WAY_OUT)('stopped at %s: it ends in order all the same', async (moment) => {
  const world = await makeWorld();
  onceAt(world, moment, () => world.stop(stopped));
  await run(world.parts, { keep: false });
  expect(world.aws.account.snapshots).toHaveLength(1);
  expectNothingLeft(world);
});

test('a snapshot is not waited for by who wants to stop', async () => {
  const world = await makeWorld();
  onceAt(world, 'CreateSnapshot', () => world.stop(stopped));
  await run(world.parts, { keep: false });
  expect(world.lines.join('\n')).toMatch(/snap-\w+ is still pending; AWS completes it by itself/);
});

test('an instance that AWS does not know yet is ended all the same', async () => {
  const world = await makeWorld();
  world.aws.account.looksUnseen = 5;
  onceAt(world, 'RunInstances', () => world.stop(stopped));
  await expect(run(world.parts, { keep: false })).rejects.toBe(stopped);
  expect(world.aws.account.instances).toHaveLength(1);
  expectNothingLeft(world);
});

test('a spot instance that AWS wants back: the run ends in order, in time', async () => {
  const world = await makeWorld();
  world.parts.config.market = 'spot';
  world.parts.work = (_, { signal }) =>
    new Promise((_done, fail) => {
      const { spotStatus } = world.aws.account;
      for (const id of spotStatus.keys()) spotStatus.set(id, 'marked-for-termination');
      signal.addEventListener('abort', () => fail(new Error('ssh: cut')));
    });
  await expect(run(world.parts, { keep: false })).rejects.toThrow(
    /AWS takes the spot instance back \(marked-for-termination\)/,
  );
  expect(world.passed).toContain('stop-mysql');
  expectNothingLeft(world);
});
