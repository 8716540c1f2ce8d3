import { runSteps } from '../../../src/cli/steps.ts';
import { STEPS } from '../../../src/warehouse/commands/run.ts';
import { newState, openRun, type ActiveRun, type RunStep } from '../../../src/warehouse/run/run.ts';
import { makeWorld, type World } from '../run/fixture.ts';

const PLACE = {
  zone: 'us-east-1a',
  subnetId: 'subnet-0000000000000000a',
  root: { device: '/dev/xvda', sizeGib: 8 },
};

/** A run, and the account in which it takes place. */
export interface Started {
  world: World;
  run: ActiveRun;
}

/** Starts a run that has done these steps. EC2 shows what it makes only after some requests. */
export async function startRun(steps: RunStep[]): Promise<Started> {
  const world = await makeWorld();
  world.aws.account.looksUnseen = 2;
  world.context.timing = { ...world.context.timing, waitMaxMs: 1000, visibilityTimeoutMs: 200 };
  const run = openRun(world.context, newState(world.context.config, PLACE));
  await runSteps(steps, run);
  return { world, run };
}

/** The steps of a run before this one. */
export function stepsBefore(step: RunStep): RunStep[] {
  return STEPS.slice(0, STEPS.indexOf(step));
}

/** The steps of a run after this one. */
export function stepsAfter(step: RunStep): RunStep[] {
  return STEPS.slice(STEPS.indexOf(step) + 1);
}
