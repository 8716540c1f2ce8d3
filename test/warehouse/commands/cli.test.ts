import type { Command } from '@commander-js/extra-typings';
import { expect, test } from 'vitest';
import { createCli } from '../../../src/warehouse/commands/cli.ts';

/** Makes a command and its subcommands throw where they would exit. */
function throwInsteadOfExit(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  for (const each of command.commands) throwInsteadOfExit(each as Command);
  return command;
}

test.each([
  [['rum'], /unknown command 'rum'\n\(Did you mean run\?\)/],
  [
    ['run', '--local', '--keep'],
    /option '--local' cannot be used with option '--keep'|'--keep' cannot be used with option '--local'/,
  ],
  [['run', '--max-rows-per-second', '99'], /It must be 100 or more/],
  [['run', '--mail', 'alice'], /It must be an email address/],
  [
    ['run', '--mail', 'a@b', '--dry-run'],
    /'--mail <address>' cannot be used with option '--dry-run'/,
  ],
  [['run', '--local', '--mail', 'a@b'], /MAIL_URL is not set/],
  [['snapshots', 'prune', '--keep', '0'], /It must be 1 or more/],
  [['snapshots', 'prune'], /required option '--keep <n>' not specified/],
])('the command line %j is refused', async (parameters, message) => {
  const cli = throwInsteadOfExit(createCli({}));
  await expect(cli.parseAsync(parameters, { from: 'user' })).rejects.toThrow(message);
});
