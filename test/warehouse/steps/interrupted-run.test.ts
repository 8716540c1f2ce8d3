import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runSteps, undoSteps } from '../../../src/cli/steps.ts';
import { finish } from '../../../src/warehouse/commands/finish.ts';
import { STEPS } from '../../../src/warehouse/commands/run.ts';
import type { RunStep } from '../../../src/warehouse/run/active-run.ts';
import {
  interrupt,
  listEvents,
  outcomeOf,
  STOPPED,
  type Way,
  waysOf,
} from '../run/interruptions.ts';
import { expectNothingLeft, onceAt } from '../run/request-points.ts';
import type { Point } from '../run/fake-context.ts';
import type { RunFixture } from '../run/fixture.ts';
import { startRun, stepsBefore } from './run-after.ts';

// test/cli/steps.test.ts shows that started steps are undone. These tests interrupt each step at each of its requests
// and operations, to show that its undo removes everything.

const OUTCOMES: Record<Way, RegExp> = {
  refused: /UnauthorizedOperation/,
  lost: /^done$/,
  // A step that polls for a resource needs no response to its creation.
  unanswered: /AWS cannot be reached|^done$/,
  stopped: /^Stopped by SIGINT\.$/,
};
const steps = STEPS.filter(({ run }) => run);

/** Lists the requests and operations of a step without interruption. */
async function listEventsOf(step: RunStep): Promise<string[]> {
  const { fixture, run } = await startRun(stepsBefore(step));
  const events = await listEvents(fixture, () => runSteps([step], run));
  expect(events).not.toEqual([]);
  return events;
}

/** Returns the resources of a run in AWS, and the state of its instance. */
function holdings({ aws: { account }, passed }: RunFixture) {
  const last = (...points: Point[]) => passed.findLast((point) => points.includes(point));
  return {
    billing: account.listBillable().map((it) => it.split(' ')[0]),
    isAttached: account.volumes.some(({ attachment }) => attachment !== null),
    isConnected: last('connect', 'close') === 'connect',
    isMounted: last('mount', 'unmount') === 'mount',
    isMysqlUp: last('start-mysql', 'stop-mysql') === 'start-mysql',
  };
}

test.each(steps)('the undo of $name removes everything after each interruption', async (step) => {
  for (const event of await listEventsOf(step)) {
    for (const way of waysOf(event)) {
      const label = `${way} at ${event}`;
      const { fixture, run } = await startRun(stepsBefore(step));
      // A shutdown would terminate the instance, which is the undo of another step.
      delete fixture.at['power-off'];
      const held = holdings(fixture);
      const endInterruption = interrupt(fixture, event, way);
      expect(await outcomeOf(runSteps([step], run)), label).toMatch(OUTCOMES[way]);
      expect(fixture.aws.account.instances.length, label).toBeLessThanOrEqual(1);
      endInterruption();
      await undoSteps([step], run);
      expect(holdings(fixture), label).toEqual(held);
      expect(run.journal.listBegun(), label).not.toContain(step.name);
    }
  }
});

test.each(steps)('finish ends a run whose process is killed in $name', async (step) => {
  for (const event of await listEventsOf(step)) {
    const { fixture, run } = await startRun(stepsBefore(step));
    const file = join(fixture.context.folder, 'state.json');
    let state = '';
    onceAt(fixture, event, () => {
      state = readFileSync(file, 'utf8');
      fixture.stop(STOPPED);
    });
    await outcomeOf(runSteps([step], run));
    // The request was sent, and the process wrote nothing after it.
    writeFileSync(file, state);
    await finish({ ...fixture.context, signal: new AbortController().signal });
    expectNothingLeft(fixture, event);
    const isCopyDone = step.name === 'upload';
    expect(fixture.aws.account.snapshots, event).toHaveLength(isCopyDone ? 1 : 0);
  }
});
