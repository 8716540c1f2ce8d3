import { renderScript } from '../../aws/render-script.ts';
import type { CloudContext } from '../context.ts';
import { runScript, toScriptError } from '../instances/run-command.ts';
import { readRegion } from '../region.ts';
import { chooseInstance } from '../sessions/choose-instance.ts';
import { readOutputs } from '../stack/outputs.ts';
import { requireStack } from '../stack/stack.ts';

const COMMAND_MAX_MS = 5 * 60_000;

/**
 * Runs a command of `npm run admin` on a healthy instance of the stack, since only instances reach the database, and
 * prints its output. No log group stores the output, which may have a link for a new password. Systems Manager stores
 * it for 30 days, for those who may read commands: the operators and administrators.
 * @param words the command and its parameters
 * @returns the exit status of the command
 * @throws OperatorError when there is no instance, or when the command does not end in time
 */
export async function runAdmin(cloud: CloudContext, words: string[]): Promise<number> {
  const outputs = readOutputs(await requireStack(cloud));
  const script = {
    comment: 'Running an admin command',
    script: await renderScript('admin.sh', {
      AWS_REGION: await readRegion(cloud.clients),
      DB_HOST: outputs.databaseEndpoint,
      DATABASE_PASSWORD: outputs.databasePassword,
      SITE_URL: outputs.address,
      WORDS: Buffer.from(words.map((word) => `${word}\0`).join('')).toString('base64'),
    }),
    maxMs: COMMAND_MAX_MS,
  };
  const instanceId = await chooseInstance(cloud);
  const result = await runScript(cloud, instanceId, script);
  if (result.status !== 'Success' && result.status !== 'Failed') {
    throw toScriptError(result, instanceId, script);
  }
  for (const text of [result.output, result.errors]) {
    if (text !== '') cloud.print(text.trimEnd());
  }
  return result.exitCode;
}
