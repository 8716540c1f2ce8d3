import { expect, test } from 'vitest';
import { copy } from '../../../src/warehouse/steps/copy-step.ts';
import { STOPPED } from '../run/interruptions.ts';
import { startRun, stepsBefore } from './run-after.ts';

test('the results of a copy that ends after the stop are not recorded', async () => {
  const { fixture, run } = await startRun(stepsBefore(copy));
  run.copy = async () => {
    fixture.stop(STOPPED);
    return { 'minitwit:rows-message': '42' };
  };
  await expect(copy.run?.(run)).rejects.toBe(STOPPED);
  expect(run.state.results).toBeNull();
});
