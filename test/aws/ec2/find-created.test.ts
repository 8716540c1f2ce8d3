import { expect, test } from 'vitest';
import { findCreated, findCreatedByRun } from '../../../src/aws/ec2/find-created.ts';
import { pollOptions } from '../../../src/aws/poll-options.ts';
import { createCommandContext, DEFAULT_TIMING } from '../../../src/cli/command-context.ts';

const context = createCommandContext({
  print: () => undefined,
  signal: new AbortController().signal,
  timing: { ...DEFAULT_TIMING, firstPauseMs: 1, visibilityTimeoutMs: 60_000 },
});

/** What AWS lists, one answer after the other; the last one stays. */
function listing(...answers: string[][]) {
  let polls = 0;
  return async () => answers[Math.min(polls++, answers.length - 1)] ?? [];
}

test.each([
  ['whose id is known, and that is listed', 'vol-1', [['vol-1']], ['vol-1']],
  ['whose id is known, and that is listed later', 'vol-1', [[], ['vol-1']], ['vol-1']],
  ['whose answer was lost, and that is listed', null, [['vol-1']], ['vol-1']],
  ['whose answer was lost, and that is listed later', null, [[], [], ['vol-1']], ['vol-1']],
  [
    'that is another beside the one that is known',
    'vol-1',
    [['vol-2', 'vol-1']],
    ['vol-1', 'vol-2'],
  ],
])('what was made is found %s', async (_, knownId, answers, ids) => {
  const made = {
    subject: 'A volume',
    knownId,
    list: listing(...answers),
    visibilityTimeoutMs: 60_000,
  };
  expect(await findCreated(made, pollOptions(context, 60_000))).toEqual(ids);
});

test.each([
  ['of which nothing is known', null, []],
  ['whose id is known all the same', 'vol-1', ['vol-1']],
])(
  'something %s is looked for no longer than it may take to be listed',
  async (_, knownId, ids) => {
    const made = { subject: 'A volume', knownId, list: listing([]), visibilityTimeoutMs: 5 };
    expect(await findCreated(made, pollOptions(context, 60_000))).toEqual(ids);
  },
);

test('a volume of a run is looked for by the run’s tag', async () => {
  const filters: object[] = [];
  const found = await findCreatedByRun(
    { ...context, runId: 'run-1' },
    'A volume',
    null,
    async (it) => {
      filters.push(it);
      return [{ id: 'vol-1' }];
    },
  );
  expect(found).toEqual(['vol-1']);
  expect(filters).toEqual([{ Name: 'tag:minitwit:run', Values: ['run-1'] }]);
});
