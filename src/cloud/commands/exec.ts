import type { CloudContext } from '../context.ts';
import { chooseInstance } from '../sessions/choose-instance.ts';
import { runSession } from '../sessions/session.ts';

/** How to open a session. */
export interface SessionOptions {
  /** The id of an instance. By default, a healthy one is chosen. */
  instanceId?: string | undefined;
  /** The environment of AWS's Session Manager plugin. */
  env: NodeJS.ProcessEnv;
}

/**
 * Opens a shell on an instance of the stack, in the operator's terminal.
 * @returns the exit status of AWS's Session Manager plugin
 * @throws OperatorError when there is no such instance or no plugin, or when AWS refuses the session
 */
export async function openShell(
  cloud: CloudContext,
  { instanceId, env }: SessionOptions,
): Promise<number> {
  return runSession(cloud, await chooseInstance(cloud, instanceId), { env });
}
