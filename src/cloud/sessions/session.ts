import {
  StartSessionCommand,
  type StartSessionCommandInput,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { isAwsError, nullIfAwsError, withAwsError } from '../../aws/errors.ts';
import { runInteractive } from '../../cli/run-interactive.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { addSentence } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { readRegion } from '../region.ts';
import { assertPlugin, PLUGIN } from './plugin.ts';

// The plugin reads the session from the environment variable of this name.
const SESSION_VARIABLE = 'AWS_SSM_START_SESSION_RESPONSE';

const sessionSchema = z.object({
  SessionId: z.string(),
  TokenValue: z.string(),
  StreamUrl: z.string(),
});

/** The document of Systems Manager that a session runs, with its parameters. Without one, the session is a shell. */
export interface SessionDocument {
  DocumentName?: string;
  Parameters?: Record<string, string[]>;
}

/**
 * Opens a session of Session Manager in the operator's terminal until the operator or the instance ends it. Then
 * terminates the session, in case the plugin has not.
 * @param env the environment of the plugin, which finds its credentials like AWS's command line
 * @returns the exit status of the plugin, which does not know the status of the remote command
 * @throws OperatorError when the plugin is missing or AWS refuses the session; the context's signal's reason
 */
export async function runSession(
  cloud: CloudContext,
  instanceId: string,
  { env, ...document }: SessionDocument & { env: NodeJS.ProcessEnv },
): Promise<number> {
  await assertPlugin(env);
  cloud.signal.throwIfAborted();
  const { ssm } = cloud.clients;
  const input: StartSessionCommandInput = { Target: instanceId, ...document };
  const session = await startSession(cloud, input);
  const region = await readRegion(cloud.clients);
  const { url } = ssm.config.endpointProvider({ Region: region });
  // As AWS's command line runs the plugin. The empty parameter is the profile, which the plugin takes from the
  // environment.
  const parameters = [
    SESSION_VARIABLE,
    region,
    'StartSession',
    '',
    JSON.stringify(input),
    url.origin,
  ];
  try {
    return await runInteractive(PLUGIN, parameters, {
      env: { ...env, [SESSION_VARIABLE]: JSON.stringify(session) },
      signal: cloud.signal,
    });
  } finally {
    // An idle session ends by itself, so an error is only logged.
    const ended = terminateSession(cloud, session.SessionId);
    await ended.catch((error: unknown) => cloud.log(errorMessage(error)));
  }
}

/**
 * Starts a session, and returns the address and the token with which the plugin connects to it.
 * @throws OperatorError when AWS refuses the request
 */
export async function startSession({ clients }: CloudContext, input: StartSessionCommandInput) {
  const attempt = `Cannot open a session on ${input.Target}`;
  try {
    const request = clients.ssm.send(new StartSessionCommand(input));
    return sessionSchema.parse(await withAwsError(attempt, request));
  } catch (error) {
    if (!isAwsError(error, 'TargetNotConnected')) throw error;
    throw addSentence(
      error,
      'The agent of the instance is not connected. A new instance needs some minutes. Otherwise choose another one.',
    );
  }
}

/**
 * Terminates a session, also one that has ended.
 * @throws OperatorError when AWS refuses the request
 */
export async function terminateSession({ clients }: CloudContext, id: string): Promise<void> {
  const request = clients.ssm.send(new TerminateSessionCommand({ SessionId: id }));
  await nullIfAwsError('DoesNotExist', withAwsError(`Cannot terminate the session ${id}`, request));
}
