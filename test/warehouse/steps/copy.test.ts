import { expect, test } from 'vitest';
import { work } from '../../../src/warehouse/steps/copy.ts';
import { STOPPED } from '../run/interruptions.ts';
import { startRun, stepsBefore } from './run-after.ts';

test('work that ends although the run was stopped is not recorded', async () => {
  const { world, run } = await startRun(stepsBefore(work));
  run.copy = async () => {
    world.stop(STOPPED);
    return { 'minitwit:rows-message': '42' };
  };
  await expect(work.run?.(run)).rejects.toBe(STOPPED);
  expect(run.state.results).toBeNull();
});
