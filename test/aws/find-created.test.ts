import { expect, test } from 'vitest';
import { findCreated } from '../../src/aws/find-created.ts';
import { pollOptions } from '../../src/aws/poll-options.ts';
import { createCommandContext, DEFAULT_TIMING } from '../../src/cli/command-context.ts';

const context = createCommandContext({
  print: () => undefined,
  signal: new AbortController().signal,
  timing: { ...DEFAULT_TIMING, firstPauseMs: 1, visibilityTimeoutMs: 60_000 },
});

/** Creates a function that returns these lists, one after the other, and then repeats the last one. */
function listing(...answers: string[][]) {
  let polls = 0;
  return async () => answers[Math.min(polls++, answers.length - 1)] ?? [];
}

test.each([
  ['whose id is known and listed', 'vol-1', [['vol-1']], ['vol-1']],
  ['whose id is known, and listed later', 'vol-1', [[], ['vol-1']], ['vol-1']],
  ['whose response was lost, and that is listed', null, [['vol-1']], ['vol-1']],
  ['whose response was lost, and that is listed later', null, [[], [], ['vol-1']], ['vol-1']],
  [
    'of the same run besides the one with the known id',
    'vol-1',
    [['vol-2', 'vol-1']],
    ['vol-1', 'vol-2'],
  ],
])('findCreated returns a resource %s', async (_, knownId, answers, ids) => {
  const made = {
    subject: 'A volume',
    knownId,
    list: listing(...answers),
    visibilityTimeoutMs: 60_000,
  };
  expect(await findCreated(made, pollOptions(context, 60_000))).toEqual(ids);
});

test.each([
  ['without a known id', null, []],
  ['with a known id', 'vol-1', ['vol-1']],
])('findCreated stops at its timeout for a resource %s', async (_, knownId, ids) => {
  const made = { subject: 'A volume', knownId, list: listing([]), visibilityTimeoutMs: 5 };
  expect(await findCreated(made, pollOptions(context, 60_000))).toEqual(ids);
});
