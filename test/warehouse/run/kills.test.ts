import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { startChild } from './child.ts';
import { expectNothingLeft, onceAt } from './request-points.ts';
import { makeWorld } from './fixture.ts';

// The tests of steps/ prove what the next process finds after a kill in each step. These send signals to real
// processes, where that matters most.

test('SIGINT during the work: the process undoes everything, and exits with status 1 and the reason', async () => {
  const world = await makeWorld();
  const child = startChild(world, async (point, { process, waitForOutput }) => {
    if (point !== 'work') return;
    process.kill('SIGINT');
    await waitForOutput(/SIGINT: stopping/);
  });
  const { status, output } = await child.ended;
  expect(status).toBe(1);
  expect(output).toMatch(/\nStopped by SIGINT\.\n$/);
  expectNothingLeft(world);
  expect(world.aws.account.snapshots).toEqual([]);
  expect(existsSync(join(world.context.folder, 'state.json'))).toBe(false);
});

test('a run that is killed before it hears of its instance is ended by cleanup', async () => {
  const world = await makeWorld();
  onceAt(world, 'RunInstances', () => child.process.kill('SIGKILL'));
  const child = startChild(world);
  await child.ended;
  expect(child.process.signalCode).toBe('SIGKILL');
  expect(world.aws.account.billing()).not.toEqual([]);
  await cleanup(world.context, null);
  expectNothingLeft(world);
  await cleanup(world.context, null);
  expect(world.lines.at(-1)).toBe('There is nothing to clean up.');
  // Nothing that it left is in the way of the next run.
  await run(world.context, { keep: false });
  expectNothingLeft(world);
});

test('a run that is killed while it copies is finished in order, without a snapshot', async () => {
  const world = await makeWorld();
  const child = startChild(world, (point, { process }) => {
    if (point === 'work') process.kill('SIGKILL');
  });
  await child.ended;
  await finish(world.context);
  expect(world.passed).toEqual(['connect', 'stop-mysql', 'unmount', 'power-off', 'close']);
  expect(world.aws.account.snapshots).toEqual([]);
  expectNothingLeft(world);
});

test('a run that is killed as it takes its snapshot is finished with that one, and no other', async () => {
  const world = await makeWorld();
  world.aws.account.looksUnseen = 0;
  onceAt(world, 'CreateSnapshot', () => child.process.kill('SIGKILL'));
  const child = startChild(world);
  await child.ended;
  await finish(world.context);
  expect(world.aws.account.snapshots).toMatchObject([{ states: ['completed'] }]);
  expectNothingLeft(world);
});
