import {
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  ExecuteChangeSetCommand,
  type Parameter,
} from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { withAwsError, awsErrorName } from '../../aws/errors.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { type ResourceChange, resourceChangeSchema } from './changes.ts';
import { isStackNotFound, STACK_TAG } from './stack.ts';

const READY_MAX_MS = 10 * 60_000;
const NO_CHANGE = /didn't contain changes|no updates are to be performed/i;

/** What is asked for. */
export interface ChangeSetRequest {
  /** Also the token: however often it is asked for with this name, one is made. */
  name: string;
  /** `CREATE` for a stack that is not there, or that has nothing in it. */
  kind: 'CREATE' | 'UPDATE';
  /** Null for the one that the stack has. */
  template: string | null;
  parameters: Parameter[];
}

/**
 * Asks AWS to find out what would change; it is still finding out then.
 * @returns the stack's id; null when AWS says at once that nothing would change
 */
export async function createChangeSet(
  { clients, stackName }: CloudContext,
  { name, kind, template, parameters }: ChangeSetRequest,
): Promise<string | null> {
  const request = new CreateChangeSetCommand({
    StackName: stackName,
    ChangeSetName: name,
    ChangeSetType: kind,
    ClientToken: name,
    ...(template === null ? { UsePreviousTemplate: true } : { TemplateBody: template }),
    Parameters: parameters,
    Capabilities: ['CAPABILITY_NAMED_IAM'],
    Tags: [{ Key: STACK_TAG, Value: stackName }],
  });
  const attempt = `Cannot find out what would change in the stack ${stackName}`;
  try {
    const answer = await withAwsError(attempt, clients.cloudFormation.send(request));
    return z.object({ StackId: z.string() }).parse(answer).StackId;
  } catch (error) {
    if (error instanceof OperatorError && NO_CHANGE.test(error.message)) return null;
    throw error;
  }
}

const changeSetAnswer = z.object({
  Status: z.string(),
  StatusReason: z.string().default(''),
  Changes: z.array(z.object({ ResourceChange: resourceChangeSchema.optional() })).default([]),
  NextToken: z.string().optional(),
});

/**
 * Waits until AWS has found out what would change, and lists it by resource.
 * @returns null when nothing would
 * @throws OperatorError when AWS cannot tell, which says why
 */
export async function readChangeSet(
  cloud: CloudContext,
  name: string,
): Promise<ResourceChange[] | null> {
  const look = async () => {
    const { Status, StatusReason, Changes } = await describe(cloud, name);
    if (Status === 'CREATE_COMPLETE') return { done: Changes };
    if (Status !== 'FAILED') return { pending: Status };
    if (NO_CHANGE.test(StatusReason)) return { done: null };
    throw new OperatorError(`AWS cannot change the stack ${cloud.stackName} so: ${StatusReason}`);
  };
  return await poll('What would change', look, pollOptions(cloud, READY_MAX_MS));
}

/** All pages in one. */
async function describe({ clients, stackName }: CloudContext, name: string) {
  const changes: ResourceChange[] = [];
  let token: string | undefined;
  for (;;) {
    const page = { StackName: stackName, ChangeSetName: name, NextToken: token };
    const request = clients.cloudFormation.send(new DescribeChangeSetCommand(page));
    const attempt = `Cannot look what would change in the stack ${stackName}`;
    const answer = changeSetAnswer.parse(await withAwsError(attempt, request));
    changes.push(...answer.Changes.flatMap(({ ResourceChange }) => ResourceChange ?? []));
    token = answer.NextToken;
    if (!token) return { ...answer, Changes: changes };
  }
}

/** Has AWS begin with the changes. All other change sets of the stack end with it. */
export async function executeChangeSet(
  { clients, stackName }: CloudContext,
  name: string,
): Promise<void> {
  const request = new ExecuteChangeSetCommand({
    StackName: stackName,
    ChangeSetName: name,
    ClientRequestToken: name,
  });
  await withAwsError(`Cannot change the stack ${stackName}`, clients.cloudFormation.send(request));
}

/** Removes a change set, which has changed nothing; one that is gone already is fine. */
export async function deleteChangeSet(
  { clients, stackName }: CloudContext,
  name: string,
): Promise<void> {
  const request = new DeleteChangeSetCommand({ StackName: stackName, ChangeSetName: name });
  try {
    await withAwsError(
      `Cannot remove the change set ${name}`,
      clients.cloudFormation.send(request),
    );
  } catch (error) {
    if (isOfNoChangeSet(error) || isStackNotFound(error)) return;
    throw error;
  }
}

function isOfNoChangeSet(error: unknown): boolean {
  // The first is AWS's own name, the second the SDK's.
  return /^ChangeSetNotFound(?:Exception)?$/.test(awsErrorName(error) ?? '');
}
