import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { z } from 'zod';
import type { AwsStub } from '../../support/aws-stub.ts';
import type { AwsResponse } from '../../support/aws-request.ts';

/** The result of a script on an instance. */
export interface ScriptResult {
  /** `Success` by default. */
  status?: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled';
  stdout?: string;
  stderr?: string;
}

/** Returns the result of a script, in place of an instance. */
export type RunScript = (
  script: string,
  instanceId: string,
) => ScriptResult | Promise<ScriptResult>;

const filters = z.object({
  Filters: z.array(z.object({ Key: z.string(), Values: z.array(z.string()) })).default([]),
  InstanceInformationFilterList: z
    .array(z.object({ key: z.string(), valueSet: z.array(z.string()) }))
    .default([]),
});
const sendCommand = z.object({
  InstanceIds: z.tuple([z.string()]),
  Comment: z.string().default(''),
  Parameters: z.object({ commands: z.array(z.string()) }),
});
const listCommands = z.object({ InstanceId: z.string() });
const getInvocation = z.object({ CommandId: z.string(), InstanceId: z.string() });

/**
 * Answers as Systems Manager. An instance is registered at the second poll. The first poll finds no command, and the
 * third one finds it ended.
 */
export function emulateCommands(account: AwsStub, run: RunScript): void {
  const pollsOf = new Map<string, number>();
  // Null while the script runs.
  const ran = new Map<string, ScriptResult | null>();
  const sent: { CommandId: string; Comment: string; InstanceIds: string[] }[] = [];
  const countPoll = (id: string) => {
    const polls = (pollsOf.get(id) ?? 0) + 1;
    pollsOf.set(id, polls);
    return polls;
  };

  account.stub('ssm:DescribeInstanceInformation', (request) => {
    const { Filters, InstanceInformationFilterList } = filters.parse(
      JSON.parse(String(request.body)),
    );
    const ids = [
      ...Filters.flatMap(({ Values }) => Values),
      ...InstanceInformationFilterList.flatMap(({ valueSet }) => valueSet),
    ];
    const known = ids.filter((id) => countPoll(id) > 1);
    const InstanceInformationList = known.map((InstanceId) => ({
      InstanceId,
      PingStatus: 'Online',
    }));
    return answer({ InstanceInformationList });
  });
  account.stub('ssm:SendCommand', (request) => {
    const { InstanceIds, Comment, Parameters } = sendCommand.parse(
      JSON.parse(String(request.body)),
    );
    const CommandId = randomUUID();
    sent.push({ CommandId, Comment, InstanceIds });
    ran.set(CommandId, null);
    void runSafely(() => run(Parameters.commands.join('\n'), InstanceIds[0])).then((result) =>
      ran.set(CommandId, result),
    );
    return answer({ Command: { CommandId, InstanceIds, Status: 'Pending' } });
  });
  // A client lists the commands if it has lost the response of SendCommand.
  account.stub('ssm:ListCommands', (request) => {
    const { InstanceId } = listCommands.parse(JSON.parse(String(request.body)));
    return answer({ Commands: sent.filter(({ InstanceIds }) => InstanceIds.includes(InstanceId)) });
  });
  account.stub('ssm:CancelCommand', () => answer({}));
  account.stub('ssm:GetCommandInvocation', (request) => {
    const { CommandId, InstanceId } = getInvocation.parse(JSON.parse(String(request.body)));
    const end = ran.get(CommandId);
    const polls = countPoll(CommandId);
    if (end === undefined || polls === 1)
      return { ...answer({ __type: 'InvocationDoesNotExist' }), status: 400 };
    if (polls === 2 || end === null)
      return answer({ CommandId, InstanceId, Status: 'InProgress', ResponseCode: -1 });
    const { status = 'Success', stdout = '', stderr = '' } = end;
    return answer({
      CommandId,
      InstanceId,
      Status: status,
      ResponseCode: status === 'Success' ? 0 : 1,
      StandardOutputContent: stdout,
      StandardErrorContent: stderr,
    });
  });
}

/** Runs a script. An error of the test's own code fails the script. */
async function runSafely(run: () => ScriptResult | Promise<ScriptResult>): Promise<ScriptResult> {
  try {
    return await run();
  } catch (error) {
    return { status: 'Failed', stderr: inspect(error) };
  }
}

function answer(body: object): AwsResponse {
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  return { status: 200, headers, body: JSON.stringify(body) };
}
