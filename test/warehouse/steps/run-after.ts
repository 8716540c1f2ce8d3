import { runSteps } from '../../../src/cli/steps.ts';
import { STEPS } from '../../../src/warehouse/commands/run.ts';
import {
  newState,
  openRun,
  type ActiveRun,
  type RunStep,
} from '../../../src/warehouse/run/active-run.ts';
import { createRunFixture, type RunFixture } from '../run/fixture.ts';

const PLACE = {
  zone: 'us-east-1a',
  subnetId: 'subnet-0000000000000000a',
  isBurstable: true,
  root: { device: '/dev/xvda', sizeGib: 8 },
};

/** A run, and its account. */
export interface Started {
  fixture: RunFixture;
  run: ActiveRun;
}

/** Starts a run, and runs these steps. EC2 lists a new resource only after some requests. */
export async function startRun(steps: RunStep[]): Promise<Started> {
  const fixture = await createRunFixture();
  fixture.aws.account.hiddenPollsOfNew = 2;
  fixture.context.timing = { ...fixture.context.timing, waitMaxMs: 1000, visibilityTimeoutMs: 200 };
  const run = openRun(fixture.context, newState(fixture.context.config, PLACE));
  await runSteps(steps, run);
  return { fixture, run };
}

/** Lists the steps of a run before this one. */
export function stepsBefore(step: RunStep): RunStep[] {
  return STEPS.slice(0, STEPS.indexOf(step));
}

/** Lists the steps of a run after this one. */
export function stepsAfter(step: RunStep): RunStep[] {
  return STEPS.slice(STEPS.indexOf(step) + 1);
}
