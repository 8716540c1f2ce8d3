import { expect, test, vi } from 'vitest';
import { REGION_MISSING } from '../../../src/aws/errors.ts';
import { createCli } from '../../../src/cloud/commands/cli.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import { startProgram } from '../../support/programs.ts';
import { openTestCloud } from '../test-cloud.ts';

/** Runs the program with these parameters. Returns its last message, and its requests to AWS. */
async function run(...words: string[]) {
  const { actions } = await startAwsStub();
  const { open } = openTestCloud();
  const cli = createCli({
    open,
    env: {},
    prompt: () => Promise.reject(new Error('Unexpected prompt.')),
    enableVerbose: () => undefined,
  });
  let output = '';
  for (const command of [cli, ...cli.commands]) {
    command.exitOverride().configureOutput({ writeErr: (text) => (output += text) });
  }
  const error = await cli.parseAsync(words, { from: 'user' }).then(() => 'done', errorMessage);
  return { output: output || error, actions };
}

test.each([
  [['status', '--dry-run'], /^error: unknown option '--dry-run'\n$/],
  [['stauts'], /^error: unknown command 'stauts'\n\(Did you mean status\?\)\n$/],
  [
    ['up', '--set', 'x'],
    /^error: option '--set <name=value>' argument 'x' is invalid\. It must be name=value\.\n$/,
  ],
  [['up', '--set', 'Nonsense=1'], /^The template has no parameter Nonsense\. Its parameters are /],
  [['restore'], /^Set either the id of a snapshot, or --time\.$/],
  [
    ['restore', 'a-snapshot', '--time', '2026-11-28T10:00Z'],
    /^Set either the id of a snapshot, or --time\.$/,
  ],
  [
    ['restore', '--time', '2026-11-28T10:00'],
    /^error: option '--time <time>' argument '2026-11-28T10:00' is invalid\. It has no time zone\. For UTC, append Z: 2026-11-28T10:00Z\.\n$/,
  ],
  [
    ['logs', '--since', '2026-11-28T10:00'],
    /^error: option '--since <time>' argument '2026-11-28T10:00' is invalid\. It has no time zone\. For UTC, append Z: 2026-11-28T10:00Z\.\n$/,
  ],
])('%j ends with one message, and sends no request', async (words, message) => {
  const { output, actions } = await run(...words);
  expect(output).toMatch(message);
  expect(actions).toEqual([]);
});

test.each(['status', 'up', 'down'])('`%s` without a region ends with one message', async (name) => {
  await startAwsStub();
  for (const variable of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'])
    vi.stubEnv(variable, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
  const { open, lines } = openTestCloud();
  const cli = createCli({ open, env: {}, prompt: async () => '', enableVerbose: () => undefined });
  await expect(cli.parseAsync([name], { from: 'user' })).rejects.toThrow(REGION_MISSING);
  expect(lines).toEqual([]);
});

test('the program ends with status 1 and its one message on stderr', async () => {
  const parameters = ['up', '--set', 'Nonsense=1'];
  const { ended, output } = startProgram('src/cloud.ts', {}, { parameters });
  expect({ status: await ended, ...output }).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^The template has no parameter Nonsense\. [^\n]*\n$/),
  });
});
