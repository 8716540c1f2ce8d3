import { expect, test } from 'vitest';
import { findCreatedByRun } from '../../../src/aws/ec2/find-created-by-run.ts';
import { createCommandContext, DEFAULT_TIMING } from '../../../src/cli/command-context.ts';

test('findCreatedByRun lists by the run’s tag', async () => {
  const context = createCommandContext({
    print: () => undefined,
    signal: new AbortController().signal,
    timing: DEFAULT_TIMING,
    runId: 'run-1',
  });
  const filters: object[] = [];
  const found = await findCreatedByRun(context, 'A volume', null, async (it) => {
    filters.push(it);
    return [{ id: 'vol-1' }];
  });
  expect(found).toEqual(['vol-1']);
  expect(filters).toEqual([{ Name: 'tag:minitwit:run', Values: ['run-1'] }]);
});
