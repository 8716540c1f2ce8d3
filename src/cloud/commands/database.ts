import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { APP_USER, READER } from '../database/users.ts';
import { formatCommand } from '../format-command.ts';
import { readRegion } from '../region.ts';
import { chooseInstance } from '../sessions/choose-instance.ts';
import { runSession } from '../sessions/session.ts';
import { type Outputs, readOutputs } from '../stack/outputs.ts';
import { requireStack } from '../stack/stack.ts';

/** The document of AWS that runs a command with the terminal of the session. */
const DOCUMENT = 'AWS-StartInteractiveCommand';
const SCRIPT = '/opt/minitwit/database.sh';

/** How to open a prompt. */
export interface DatabasePromptOptions {
  /** Whether to log in as the application's user, who may also write. */
  canWrite: boolean;
  /** The environment of AWS's Session Manager plugin. */
  env: NodeJS.ProcessEnv;
}

/**
 * Opens an SQL prompt on the stack's database, in the operator's terminal. A healthy instance runs it, since only
 * instances reach the database. The instance reads the password itself.
 * @returns the exit status of AWS's Session Manager plugin
 * @throws OperatorError when there is no instance, no user or no plugin, or when AWS refuses the session
 */
export async function openDatabasePrompt(
  cloud: CloudContext,
  { canWrite, env }: DatabasePromptOptions,
): Promise<number> {
  const outputs = readOutputs(await requireStack(cloud));
  const login = canWrite
    ? [APP_USER, outputs.databasePassword]
    : [READER, requireReaderPassword(cloud, outputs)];
  const region = await readRegion(cloud.clients);
  const words = ['sudo', 'bash', SCRIPT, region, outputs.databaseEndpoint, ...login];
  const instanceId = await chooseInstance(cloud);
  return runSession(cloud, instanceId, {
    DocumentName: DOCUMENT,
    Parameters: { command: [words.join(' ')] },
    env,
  });
}

function requireReaderPassword(cloud: CloudContext, { readerPassword }: Outputs): string {
  if (readerPassword !== null) return readerPassword;
  throw new OperatorError(
    `The database of ${cloud.stackName} has no user who may only read. Run ${formatCommand(cloud, 'up --set SetUp=yes')} to create it.`,
  );
}
