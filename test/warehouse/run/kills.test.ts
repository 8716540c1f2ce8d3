import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { startChild } from './child.ts';
import { expectNothingLeft, onceAt } from './request-points.ts';
import { createRunFixture } from './fixture.ts';

// The tests in steps/ simulate a kill in each step. These tests send signals to real processes.

test('a process undoes all steps after SIGINT, and exits with status 1 and the reason', async () => {
  const fixture = await createRunFixture();
  const child = startChild(fixture, async (point, { process, waitForOutput }) => {
    if (point !== 'copy') return;
    process.kill('SIGINT');
    await waitForOutput(/SIGINT: stopping/);
  });
  expect(await child.ended).toBe(1);
  expect(child.output.stderr).toBe('Stopped by SIGINT.\n');
  expectNothingLeft(fixture);
  expect(fixture.aws.account.snapshots).toEqual([]);
  expect(existsSync(join(fixture.context.folder, 'state.json'))).toBe(false);
});

test('cleanup ends a run that was killed before it received the id of its instance', async () => {
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
  // The killed run does not block the next one.
  await run(fixture.context, { keep: false });
  expectNothingLeft(fixture);
});

test('finish ends a run that was killed during the copy, without a snapshot', async () => {
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

test('finish takes no second snapshot of a run that was killed during CreateSnapshot', async () => {
  const fixture = await createRunFixture();
  fixture.aws.account.hiddenPollsOfNew = 0;
  onceAt(fixture, 'CreateSnapshot', () => child.process.kill('SIGKILL'));
  const child = startChild(fixture);
  await child.ended;
  await finish(fixture.context);
  expect(fixture.aws.account.snapshots).toMatchObject([{ states: ['completed'] }]);
  expectNothingLeft(fixture);
});
