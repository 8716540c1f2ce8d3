import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { startChild } from './child.ts';
import { expectNothingLeft, onceAt } from './request-points.ts';
import { createRunFixture } from './fixture.ts';

// The tests of steps/ prove what the next process finds after a kill in each step. These send signals to real
// processes, where that matters most.

test('SIGINT during the work: the process undoes everything, and exits with status 1 and the reason', async () => {
  const fixture = await createRunFixture();
  const child = startChild(fixture, async (point, { process, waitForOutput }) => {
    if (point !== 'copy') return;
    process.kill('SIGINT');
    await waitForOutput(/SIGINT: stopping/);
  });
  const { status, output } = await child.ended;
  expect(status).toBe(1);
  expect(output).toMatch(/\nStopped by SIGINT\.\n$/);
  expectNothingLeft(fixture);
  expect(fixture.aws.account.snapshots).toEqual([]);
  expect(existsSync(join(fixture.context.folder, 'state.json'))).toBe(false);
});

test('a run that is killed before it hears of its instance is ended by cleanup', async () => {
  const fixture = await createRunFixture();
  onceAt(fixture, 'RunInstances', () => child.process.kill('SIGKILL'));
  const child = startChild(fixture);
  await child.ended;
  expect(child.process.signalCode).toBe('SIGKILL');
  expect(fixture.aws.account.listBillable()).not.toEqual([]);
  await cleanup(fixture.context, null);
  expectNothingLeft(fixture);
  await cleanup(fixture.context, null);
  expect(fixture.lines.at(-1)).toBe('There is nothing to clean up.');
  // Nothing that it left is in the way of the next run.
  await run(fixture.context, { keep: false });
  expectNothingLeft(fixture);
});

test('a run that is killed while it copies is finished in order, without a snapshot', async () => {
  const fixture = await createRunFixture();
  const child = startChild(fixture, (point, { process }) => {
    if (point === 'copy') process.kill('SIGKILL');
  });
  await child.ended;
  await finish(fixture.context);
  expect(fixture.passed).toEqual(['connect', 'stop-mysql', 'unmount', 'power-off', 'close']);
  expect(fixture.aws.account.snapshots).toEqual([]);
  expectNothingLeft(fixture);
});

test('a run that is killed as it takes its snapshot is finished with that one, and no other', async () => {
  const fixture = await createRunFixture();
  fixture.aws.account.hiddenPollsOfNew = 0;
  onceAt(fixture, 'CreateSnapshot', () => child.process.kill('SIGKILL'));
  const child = startChild(fixture);
  await child.ended;
  await finish(fixture.context);
  expect(fixture.aws.account.snapshots).toMatchObject([{ states: ['completed'] }]);
  expectNothingLeft(fixture);
});
