import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { undoSteps } from '../../../src/cli/steps.ts';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { STEPS } from '../../../src/warehouse/commands/run.ts';
import type { RunStep } from '../../../src/warehouse/run/active-run.ts';
import { interrupt, listEvents, outcomeOf, type Way, waysOf } from '../run/interruptions.ts';
import { expectNothingLeft } from '../run/request-points.ts';
import { type Started, startRun, stepsAfter } from './run-after.ts';

// These tests interrupt the undo of each step at each of its requests and operations. What is not undone then is undone
// with the instance, or by the next process.

const OUTCOMES: Record<Way, RegExp> = {
  refused: /^done$|\nThis may still exist:\n/,
  lost: /^done$/,
  unanswered: /^done$|\nThis may still exist:\n/,
  // A stop does not interrupt an undo.
  stopped: /^done$/,
};
const steps = STEPS.filter(({ undo }) => undo);

/** Starts a run with a complete copy, and undoes the steps after this one. */
async function startUndo(step: RunStep): Promise<Started> {
  const { fixture, run } = await startRun(STEPS);
  await undoSteps(stepsAfter(step), run);
  return { fixture, run };
}

async function listEventsOf(step: RunStep): Promise<string[]> {
  const { fixture, run } = await startUndo(step);
  const events = await listEvents(fixture, () => undoSteps([step], run));
  expect(events).not.toEqual([]);
  return events;
}

test.each(steps)('a run ends after each interruption of the undo of $name', async (step) => {
  for (const event of await listEventsOf(step)) {
    for (const way of waysOf(event)) {
      const label = `${way} at ${event}`;
      const { fixture, run } = await startUndo(step);
      const endInterruption = interrupt(fixture, event, way);
      const outcome = await outcomeOf(undoSteps(STEPS, run));
      endInterruption();
      expect(outcome, label).toMatch(OUTCOMES[way]);
      if (outcome !== 'done') await finish(fixture.context);
      expectNothingLeft(fixture, label);
      expect(fixture.aws.account.snapshots, label).toHaveLength(1);
    }
  }
});

test.each(steps)('$name can be undone twice', async (step) => {
  const { fixture, run } = await startUndo(step);
  const file = join(fixture.context.folder, 'state.json');
  const state = readFileSync(file, 'utf8');
  // By then, EC2 shows the snapshot.
  fixture.aws.account.hiddenPollsOfNew = 0;
  await undoSteps([step], run);
  // The process was killed before it could write that the step is undone.
  writeFileSync(file, state);
  await finish(fixture.context);
  expectNothingLeft(fixture);
  expect(fixture.aws.account.snapshots).toHaveLength(1);
});
