import { expect, test } from 'vitest';
import { runSteps, type Step, undoSteps } from '../../../src/cli/steps.ts';
import { cleanup } from '../../../src/warehouse/commands/cleanup.ts';
import {
  createProvisionContext,
  type ProvisionContext,
} from '../../../src/warehouse/provision/provision-context.ts';
import { planProvision } from '../../../src/warehouse/provision/plan.ts';
import { PROVISION_STEPS } from '../../../src/warehouse/provision/steps.ts';
import { lockFolder } from '../../../src/warehouse/run/lock.ts';
import {
  interrupt,
  listEvents,
  outcomeOf,
  STOPPED,
  type Way,
  waysOf,
} from '../run/interruptions.ts';
import { expectNothingLeft, onceAt } from '../run/request-points.ts';
import { createRunFixture, type RunFixture } from '../run/fixture.ts';

// test/cli/steps.test.ts proves that the steps that began are undone. Here each step is interrupted at each of its
// requests, to prove that undoing leaves nothing.

/** Starts a provision that has done the steps before this one. EC2 shows what it makes only after some requests. */
async function startProvision(
  steps: Step<ProvisionContext>[],
): Promise<{ fixture: RunFixture; provision: ProvisionContext }> {
  const fixture = await createRunFixture();
  const { context } = fixture;
  // The folder gets the id that the tags name.
  (await lockFolder(context.folder)).release();
  fixture.aws.account.hiddenPollsOfNew = 2;
  context.timing = { ...context.timing, waitMaxMs: 1000, visibilityTimeoutMs: 200 };
  const order = { volumeId: null, sizeGib: 8, baseImageId: null };
  const plan = await planProvision(context.ec2, context.config, order);
  const provision = createProvisionContext(context, context.config, {
    sizeGib: order.sizeGib,
    plan,
  });
  await runSteps(steps, provision);
  return { fixture, provision };
}

function stepsBefore(step: Step<ProvisionContext>): Step<ProvisionContext>[] {
  return PROVISION_STEPS.slice(0, PROVISION_STEPS.indexOf(step));
}

/** All requests of a step that nothing interrupts. */
async function listEventsOf(step: Step<ProvisionContext>): Promise<string[]> {
  const { fixture, provision } = await startProvision(stepsBefore(step));
  const events = await listEvents(fixture, () => runSteps([step], provision));
  expect(events).not.toEqual([]);
  return events;
}

const OUTCOMES: Record<Way, RegExp> = {
  refused: /UnauthorizedOperation/,
  lost: /^done$/,
  // A step that polls for the requested resource needs no response.
  unanswered: /AWS cannot be reached|^done$/,
  stopped: /^Stopped by SIGINT\.$/,
};

test.each(PROVISION_STEPS)(
  'an interruption of $name at any request leaves nothing of a provision',
  async (step) => {
    for (const event of await listEventsOf(step)) {
      for (const way of waysOf(event)) {
        const label = `${way} at ${event}`;
        const { fixture, provision } = await startProvision(stepsBefore(step));
        const endInterruption = interrupt(fixture, event, way);
        const outcome = await outcomeOf(runSteps([step], provision));
        expect(outcome, label).toMatch(OUTCOMES[way]);
        expect(fixture.aws.account.instances.length, label).toBeLessThanOrEqual(1);
        endInterruption();
        await undoSteps(PROVISION_STEPS, provision);
        expectNothingLeft(fixture, label);
        expect(fixture.aws.account.snapshots, label).toEqual([]);
      }
    }
  },
);

// From mark-finished on, volume and image are a warehouse, which stays.
const unfinished = PROVISION_STEPS.slice(0, -1);

test.each(unfinished)(
  'cleanup removes everything of a provision that is killed in $name',
  async (step) => {
    for (const event of await listEventsOf(step)) {
      const { fixture, provision } = await startProvision(stepsBefore(step));
      // By then, EC2 shows what was made.
      fixture.aws.account.hiddenPollsOfNew = 0;
      onceAt(fixture, event, () => fixture.stop(STOPPED));
      await outcomeOf(runSteps([step], provision));
      await cleanup({ ...fixture.context, signal: new AbortController().signal }, null);
      expectNothingLeft(fixture, event);
      expect(fixture.aws.account.snapshots, event).toEqual([]);
    }
  },
);

const UNDO_OUTCOMES: Record<Way, RegExp> = {
  refused: /\nThis may still exist:\n/,
  lost: /^done$/,
  unanswered: /^done$|\nThis may still exist:\n/,
  // Undoing is not stopped.
  stopped: /^done$/,
};

test('an interruption of the undoing of a provision is reported, and cleanup removes the rest', async () => {
  const usual = await startProvision(unfinished);
  const undo = ({ provision }: typeof usual) => undoSteps(PROVISION_STEPS, provision);
  const events = await listEvents(usual.fixture, () => undo(usual));
  expectNothingLeft(usual.fixture);
  for (const event of events) {
    for (const way of waysOf(event)) {
      const label = `${way} at ${event}`;
      const started = await startProvision(unfinished);
      const { fixture, provision } = started;
      const endInterruption = interrupt(fixture, event, way);
      const outcome = await outcomeOf(undo(started));
      endInterruption();
      expect(outcome, label).toMatch(UNDO_OUTCOMES[way]);
      if (outcome !== 'done') await cleanup(fixture.context, provision.runId);
      expectNothingLeft(fixture, label);
      expect(fixture.aws.account.snapshots, label).toEqual([]);
    }
  }
});
