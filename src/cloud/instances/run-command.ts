import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  paginateListCommands,
  SendCommandCommand,
  type SendCommandCommandInput,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { findCreated } from '../../aws/find-created.ts';
import { findAwsError, isAwsError, wasRefused, withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import { cleanupPollOptions, pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { createRunId } from '../../cli/run-id.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';

// The agent registers within two minutes of the boot. The builder's user data restarts it when IAM delays it.
const ONLINE_MAX_MS = 10 * 60_000;
const SENT_MAX_MS = 5 * 60_000;
const DELIVERED_MAX_S = 120;
const LINES_SHOWN = 20;

/** A script to run on an instance. */
export interface RemoteScript {
  /** A description for people: `Installing MiniTwit`. AWS accepts at most 70 characters. */
  comment: string;
  /**
   * The text, whose first line names the shell. AWS stores it for a month, so it must not contain a secret that is
   * valid longer than the script runs. The signed URL of the source is valid for an hour, and only while its bucket
   * exists.
   */
  script: string;
  maxMs: number;
  /** The log group that stores the complete output. */
  logGroup?: string;
}

/** The end of a script. AWS stores the first 24,000 characters of its output, and of its errors. */
export interface ScriptResult {
  /** `Success`, `Failed`, `TimedOut` and others. */
  status: string;
  /** More precise than the status, such as `ExecutionTimedOut`. */
  details: string;
  exitCode: number;
  output: string;
  errors: string;
}

/**
 * Runs a script like `runScript`.
 * @returns the output of the script
 * @throws OperatorError with the last lines of the output when the script fails; the errors of `runScript`
 */
export async function runCommand(
  context: CloudContext,
  instanceId: string,
  script: RemoteScript,
): Promise<string> {
  const result = await runScript(context, instanceId, script);
  if (result.status === 'Success') return result.output;
  throw toScriptError(result, instanceId, script);
}

/** Returns the error for a script that failed, with the last lines of its output. */
export function toScriptError(
  { details, output, errors }: ScriptResult,
  instanceId: string,
  { comment }: RemoteScript,
): OperatorError {
  const lines = (errors.trim() || output.trim()).split('\n').slice(-LINES_SHOWN);
  return new OperatorError(
    `${comment} on ${instanceId} has failed: ${details}\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
}

/**
 * Waits until the agent of an instance is online, then runs a script as root with Systems Manager's Run Command. The
 * script runs once, also when responses are lost. Returns its result, also when it failed.
 * @throws OperatorError when the script cannot be started; the signal's reason, while the script continues
 */
export async function runScript(
  context: CloudContext,
  instanceId: string,
  { comment, script, maxMs, logGroup }: RemoteScript,
): Promise<ScriptResult> {
  await waitUntilOnline(context, instanceId);
  context.signal.throwIfAborted();
  const commandId = await sendOnce(context, {
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [instanceId],
    // The id in the comment finds the command when the response is lost.
    Comment: `${comment}: ${createRunId(new Date())}`,
    TimeoutSeconds: DELIVERED_MAX_S,
    Parameters: { commands: [script], executionTimeout: [String(Math.ceil(maxMs / 1000))] },
    ...(logGroup && {
      CloudWatchOutputConfig: { CloudWatchOutputEnabled: true, CloudWatchLogGroupName: logGroup },
    }),
  });
  return poll(
    `${comment} on ${instanceId}`,
    () => checkInvocation(context.clients.ssm, commandId, instanceId),
    pollOptions(context, maxMs + DELIVERED_MAX_S * 1000),
  );
}

async function waitUntilOnline(context: CloudContext, instanceId: string): Promise<void> {
  const checkOnline = async () => {
    const request = new DescribeInstanceInformationCommand({
      Filters: [{ Key: 'InstanceIds', Values: [instanceId] }],
    });
    const attempt = `Cannot read the state of the agent of ${instanceId}`;
    const response = await withAwsError(attempt, context.clients.ssm.send(request));
    const state = response.InstanceInformationList?.[0]?.PingStatus ?? 'not registered yet';
    return state === 'Online' ? { done: true } : { pending: state };
  };
  const options = pollOptions(context, ONLINE_MAX_MS);
  await poll(`The agent of ${instanceId}`, checkOnline, options).catch((error: unknown) => {
    throw context.signal.aborted ? error : withNetworkHint(error);
  });
}

/** Returns the error of an agent that is not online in time, with what to check. Other errors are unchanged. */
function withNetworkHint(error: unknown): unknown {
  if (!(error instanceof OperatorError) || findAwsError(error)) return error;
  const hint =
    "It needs internet access: check the subnet's routes and address, then run the command again.";
  return new OperatorError(`${error.message} ${hint}`, { cause: error });
}

/**
 * Sends a command and returns its id. It is sent again only after AWS has refused it, since each accepted request runs
 * the script.
 */
async function sendOnce(context: CloudContext, input: SendCommandCommandInput): Promise<string> {
  const [instanceId = ''] = input.InstanceIds ?? [];
  const attempt = `Cannot run a command on ${instanceId}`;
  const client = context.clients.ssmWithoutRetries;
  let lostError: unknown;
  const send = async () => {
    try {
      const response = await withAwsError(attempt, client.send(new SendCommandCommand(input)));
      return { done: z.string().parse(response.Command?.CommandId) };
    } catch (error) {
      // `poll` retries throttled requests.
      if (wasRefused(error)) throw error;
      lostError = error;
      return { done: null };
    }
  };
  const sentId = await poll('Sending a command', send, pollOptions(context, SENT_MAX_MS));
  const id = sentId ?? (await findSent(context, instanceId, input.Comment ?? ''))[0];
  if (id === undefined) throw lostError;
  return id;
}

const commandSchema = z.object({ CommandId: z.string(), Comment: z.string().default('') });

function findSent(context: CloudContext, instanceId: string, comment: string): Promise<string[]> {
  const list = async () => {
    const commands = await listItems(
      `Cannot list the commands of ${instanceId}`,
      paginateListCommands({ client: context.clients.ssm }, { InstanceId: instanceId }),
      ({ Commands }) => Commands,
      commandSchema,
    );
    return commands.filter((it) => it.Comment === comment).map(({ CommandId }) => CommandId);
  };
  const { visibilityTimeoutMs } = context.timing;
  const subject = 'The command whose response was lost';
  return findCreated(
    { subject, knownId: null, list, visibilityTimeoutMs },
    cleanupPollOptions(context, visibilityTimeoutMs * 2),
  );
}

const invocationSchema = z
  .object({
    Status: z.string(),
    StatusDetails: z.string().default(''),
    ResponseCode: z.number().default(-1),
    StandardOutputContent: z.string().default(''),
    StandardErrorContent: z.string().default(''),
  })
  .transform((it): ScriptResult => ({
    status: it.Status,
    details: it.StatusDetails || it.Status,
    exitCode: it.ResponseCode,
    output: it.StandardOutputContent,
    errors: it.StandardErrorContent,
  }));

const ACTIVE = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

async function checkInvocation(ssm: SSMClient, commandId: string, instanceId: string) {
  const request = new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId });
  try {
    const attempt = `Cannot read the command on ${instanceId}`;
    const invocation = invocationSchema.parse(await withAwsError(attempt, ssm.send(request)));
    return ACTIVE.has(invocation.status) ? { pending: invocation.status } : { done: invocation };
  } catch (error) {
    // AWS is eventually consistent: a new command is not visible at once.
    if (isAwsError(error, 'InvocationDoesNotExist')) return { pending: 'sent' };
    throw error;
  }
}
