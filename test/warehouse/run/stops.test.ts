import { expect, test } from 'vitest';
import { run } from '../../../src/warehouse/commands/run.ts';
import { STOPPED } from './interruptions.ts';
import { expectNothingLeft, onceAt } from './request-points.ts';
import { createRunFixture } from './fixture.ts';

// The tests in steps/ stop a run in each step.
test.each([
  ['during the copy', 'copy'],
  ['while its instance is marked as left running', 'CreateTags'],
])('a run that is stopped %s undoes all steps, and ends with the reason', async (_, event) => {
  const fixture = await createRunFixture();
  onceAt(fixture, event, () => fixture.stop(STOPPED));
  await expect(run(fixture.context, { keep: true })).rejects.toBe(STOPPED);
  expectNothingLeft(fixture);
});

test('a stopped run does not wait until its snapshot is complete', async () => {
  const fixture = await createRunFixture();
  onceAt(fixture, 'CreateSnapshot', () => fixture.stop(STOPPED));
  await run(fixture.context, { keep: false });
  expect(fixture.lines.join('\n')).toMatch(/snap-\w+ is still pending\. AWS completes it/);
  expect(fixture.aws.account.snapshots).toHaveLength(1);
  expectNothingLeft(fixture);
});

test('a run stops MySQL and ends when AWS takes the spot instance back', async () => {
  const fixture = await createRunFixture();
  fixture.context.config.market = 'spot';
  fixture.context.copy = (_, { signal }) =>
    new Promise((_done, fail) => {
      const { spotStatusById } = fixture.aws.account;
      for (const id of spotStatusById.keys()) spotStatusById.set(id, 'marked-for-termination');
      signal.addEventListener('abort', () => fail(new Error('ssh: cut')));
    });
  await expect(run(fixture.context, { keep: false })).rejects.toThrow(
    /AWS takes the spot instance back \(marked-for-termination\)/,
  );
  expect(fixture.passed).toContain('stop-mysql');
  expectNothingLeft(fixture);
});
