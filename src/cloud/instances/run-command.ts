import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { clientOptions } from '../../aws/clients.ts';
import { findCreated } from '../../aws/ec2/find-created.ts';
import { withAwsError, awsErrorName, wasRefused } from '../../aws/errors.ts';
import { createRunId } from '../../cli/run-id.ts';
import { pollOptions, cleanupPollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';

// The agent tries again after minutes when it first starts without its rights, which IAM spreads slowly.
const ONLINE_MAX_MS = 10 * 60_000;
const TAKEN_MAX_MS = 5 * 60_000;
const DELIVERED_MAX_S = 120;
const LINES_SHOWN = 20;

/** What an instance is to do. */
export interface RemoteScript {
  /** What it does, for people: `Installing MiniTwit`; AWS takes at most 70 characters. */
  comment: string;
  /**
   * Its first line says of which shell. AWS keeps its text for a month: no secret belongs into it that is one for
   * longer than the script runs. The address of the source, which says all that it takes to fetch it, is good for an
   * hour, and for nothing once the bucket is gone.
   */
  script: string;
  maxMs: number;
  /** The log group that keeps what it prints, whole. */
  logGroup?: string;
}

/**
 * Runs a script on an instance as root, through Systems Manager's Run Command, once, whichever answers are lost.
 * Waits first until the instance's agent is known there.
 * @returns what the script printed, of which AWS keeps the first 24,000 characters
 * @throws OperatorError with its last lines when it fails; the signal's reason, and the script goes on by itself
 */
export async function runCommand(
  cloud: CloudContext,
  instanceId: string,
  { comment, script, maxMs, logGroup }: RemoteScript,
): Promise<string> {
  await waitUntilOnline(cloud, instanceId);
  cloud.signal.throwIfAborted();
  const commandId = await send(cloud, {
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [instanceId],
    // by which it is found when the answer is lost
    Comment: `${comment}: ${createRunId(new Date())}`,
    TimeoutSeconds: DELIVERED_MAX_S,
    Parameters: { commands: [script], executionTimeout: [String(Math.ceil(maxMs / 1000))] },
    ...(logGroup && {
      CloudWatchOutputConfig: { CloudWatchOutputEnabled: true, CloudWatchLogGroupName: logGroup },
    }),
  });
  const look = () => lookForEnd(cloud.clients.ssm, commandId, instanceId);
  const waiting = pollOptions(cloud, maxMs + DELIVERED_MAX_S * 1000);
  const ended = await poll(`${comment} on ${instanceId}`, look, waiting);
  if (ended.Status === 'Success') return ended.StandardOutputContent;
  throw new OperatorError(`${comment} on ${instanceId} has failed: ${sayFailure(ended)}`);
}

const informationAnswer = z.object({
  InstanceInformationList: z.array(z.object({ PingStatus: z.string() })).default([]),
});

async function waitUntilOnline(cloud: CloudContext, instanceId: string): Promise<void> {
  const { clients } = cloud;
  const look = async () => {
    const request = new DescribeInstanceInformationCommand({
      Filters: [{ Key: 'InstanceIds', Values: [instanceId] }],
    });
    const attempt = `Cannot ask Systems Manager for ${instanceId}`;
    const answer = informationAnswer.parse(await withAwsError(attempt, clients.ssm.send(request)));
    const state = answer.InstanceInformationList[0]?.PingStatus ?? 'not there yet';
    return state === 'Online' ? { done: true } : { pending: state };
  };
  await poll(`The agent of ${instanceId}`, look, pollOptions(cloud, ONLINE_MAX_MS));
}

const sendAnswer = z.object({ Command: z.object({ CommandId: z.string() }) });
const commandsAnswer = z.object({
  Commands: z
    .array(z.object({ CommandId: z.string(), Comment: z.string().default('') }))
    .default([]),
});

/** It is sent again only where AWS says that it has not taken it: it would run it each time. */
async function send(cloud: CloudContext, input: SendCommandCommandInput): Promise<string> {
  const [instanceId = ''] = input.InstanceIds ?? [];
  const attempt = `Cannot run a command on ${instanceId}`;
  const once = new SSMClient({ ...clientOptions(), maxAttempts: 1 });
  let lost: unknown;
  const look = async () => {
    try {
      const answer = await withAwsError(attempt, once.send(new SendCommandCommand(input)));
      return { done: sendAnswer.parse(answer).Command.CommandId };
    } catch (error) {
      // which may be since AWS is too busy, and is tried again then
      if (wasRefused(error)) throw error;
      lost = error;
      return { done: null };
    }
  };
  const sent = await poll('Sending a command', look, pollOptions(cloud, TAKEN_MAX_MS)).finally(() =>
    once.destroy(),
  );
  const id = sent ?? (await findSent(cloud, instanceId, input.Comment ?? ''))[0];
  if (id === undefined) throw lost;
  return id;
}

function findSent(cloud: CloudContext, instanceId: string, comment: string): Promise<string[]> {
  const { clients, timing } = cloud;
  const list = async () => {
    const request = new ListCommandsCommand({ InstanceId: instanceId });
    const attempt = `Cannot look for commands on ${instanceId}`;
    const { Commands } = commandsAnswer.parse(
      await withAwsError(attempt, clients.ssm.send(request)),
    );
    return Commands.filter((it) => it.Comment === comment).map(({ CommandId }) => CommandId);
  };
  const subject = 'The command whose answer was lost';
  const made = { subject, knownId: null, list, visibilityTimeoutMs: timing.visibilityTimeoutMs };
  return findCreated(made, cleanupPollOptions(cloud, timing.visibilityTimeoutMs * 2));
}

const invocationAnswer = z.object({
  Status: z.string(),
  StatusDetails: z.string().default(''),
  StandardOutputContent: z.string().default(''),
  StandardErrorContent: z.string().default(''),
});

const GOING_ON = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

async function lookForEnd(ssm: SSMClient, commandId: string, instanceId: string) {
  const request = new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId });
  try {
    const answer = await withAwsError(
      `Cannot look at the command on ${instanceId}`,
      ssm.send(request),
    );
    const seen = invocationAnswer.parse(answer);
    return GOING_ON.has(seen.Status) ? { pending: seen.Status } : { done: seen };
  } catch (error) {
    // for a moment after it was sent
    if (awsErrorName(error) === 'InvocationDoesNotExist') return { pending: 'sent' };
    throw error;
  }
}

function sayFailure(ended: z.infer<typeof invocationAnswer>): string {
  const { StandardOutputContent: output, StandardErrorContent: errors } = ended;
  const lines = (errors.trim() || output.trim()).split('\n').slice(-LINES_SHOWN);
  return `${ended.StatusDetails || ended.Status}\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
