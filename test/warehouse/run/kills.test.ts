import { expect, test } from 'vitest';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { startChild } from './child.ts';
import { expectNothingLeft, onceAt, WAY_IN, WAY_OUT } from './moments.ts';
import { makeWorld } from './world.ts';

test.each([...WAY_IN, ...WAY_OUT])('killed at %s: cleanup ends what is left', async (moment) => {
  const world = await makeWorld();
  onceAt(world, moment, () => child.process.kill('SIGKILL'));
  const child = startChild(world, (point) => {
    world.at[point]?.();
    return 'go on';
  });
  await child.ended;
  expect(child.process.signalCode).toBe('SIGKILL');
  await cleanup(world.parts, null);
  expectNothingLeft(world);
  await cleanup(world.parts, null);
  expect(world.lines.at(-1)).toBe('There is nothing to clean up.');
  // and the next one is not in the way of what it left
  await run(world.parts, { keep: false });
  expectNothingLeft(world);
});

test('killed on the way out: finish does the rest, with the snapshot', async () => {
  const world = await makeWorld();
  const child = startChild(world, (point, process) => {
    if (point === 'stop-mysql') process.kill('SIGKILL');
    return 'go on';
  });
  await child.ended;
  await finish(world.parts);
  expect(world.passed).toEqual(['connect', 'stop-mysql', 'unmount', 'power-off', 'close']);
  expect(world.aws.account.snapshots).toHaveLength(1);
  expectNothingLeft(world);
});

test('killed as it takes the snapshot: finish finds that one, and takes no other', async () => {
  const world = await makeWorld();
  world.aws.account.looksUnseen = 0;
  onceAt(world, 'CreateSnapshot', () => child.process.kill('SIGKILL'));
  const child = startChild(world, () => 'go on');
  await child.ended;
  await finish(world.parts);
  expect(world.aws.account.snapshots).toMatchObject([{ states: ['completed'] }]);
  expectNothingLeft(world);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s stops a program, which undoes everything, however often it is asked',
  async (signal) => {
    const world = await makeWorld();
    const child = startChild(world, (point, process) => {
      if (point === 'work' || point === 'unmount') process.kill(signal);
      return 'go on';
    });
    expect(await child.ended).toBe(1);
    expect(child.output()).toMatch(new RegExp(`${signal}: stopping, and putting things in order`));
    expect(child.output()).toMatch(/Still putting things in order/);
    expect(child.output().trimEnd()).toMatch(new RegExp(`Stopped by ${signal}\\.$`));
    expectNothingLeft(world);
  },
);

test('a program that takes longer than it may ends in order', async () => {
  const world = await makeWorld();
  const second = 1 / 3600;
  const child = startChild(world, (point) => (point === 'work' ? 'wait' : 'go on'), second);
  expect(await child.ended).toBe(1);
  expect(child.output().trimEnd()).toMatch(
    /Stopped: it has taken \S+ hours, the most that it may\.$/,
  );
  expectNothingLeft(world);
});

test('a fault in the program that nobody catches: everything is undone', async () => {
  const world = await makeWorld();
  const child = startChild(world, (point) => (point === 'mount' ? 'fail' : 'go on'));
  expect(await child.ended).toBe(1);
  expect(child.output()).toMatch(/Stopped by a fault in the program: A fault\.$/m);
  expectNothingLeft(world);
});

test('a terminal that is closed does not keep anything from being undone', async () => {
  const world = await makeWorld();
  const child = startChild(world, (point, process) => {
    if (point === 'work') {
      process.stdout?.destroy();
      process.stderr?.destroy();
      process.kill('SIGHUP');
    }
    return 'go on';
  });
  expect(await child.ended).toBe(1);
  expectNothingLeft(world);
});
