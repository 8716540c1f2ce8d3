import type { CloudContext } from '../context.ts';
import type { Outputs } from '../stack/outputs.ts';
import { type RemoteScript, runCommand } from './run-command.ts';
import { waitForInService } from './wait-for-in-service.ts';

/**
 * Runs a script as root on an instance of the stack, as soon as one is in service, and prints its output. The log group
 * of the stack stores the output.
 * @throws OperatorError when no instance is in service in time, or with the last lines of the output when the script
 *   fails
 */
export async function runOnInstance(
  cloud: CloudContext,
  outputs: Outputs,
  script: Omit<RemoteScript, 'logGroup'>,
): Promise<void> {
  const instanceId = await waitForInService(cloud, outputs);
  const output = await runCommand(cloud, instanceId, { ...script, logGroup: outputs.logs });
  for (const line of output.trim().split('\n')) cloud.print(`  ${line}`);
}
