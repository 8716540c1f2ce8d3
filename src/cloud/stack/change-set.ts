import {
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  ExecuteChangeSetCommand,
  paginateDescribeChangeSet,
  type Parameter,
} from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { isAwsError, withAwsError } from '../../aws/errors.ts';
import { readPages } from '../../aws/pages.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { type ResourceChange, resourceChangeSchema } from './resource-changes.ts';
import { isStackNotFound, STACK_TAG } from './stack.ts';

const READY_MAX_MS = 10 * 60_000;

/** A change set to create. */
export interface ChangeSetRequest {
  /** Also the client token: AWS creates one change set for all requests of this name. */
  name: string;
  /** `CREATE` for a stack that does not exist or is empty. */
  kind: 'CREATE' | 'UPDATE';
  /** Null to reuse the template of the stack. */
  template: string | null;
  parameters: Parameter[];
}

/**
 * Creates a change set and returns the id of its stack. AWS is still computing the changes.
 */
export async function createChangeSet(
  { clients, stackName }: CloudContext,
  { name, kind, template, parameters }: ChangeSetRequest,
): Promise<string> {
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
  const attempt = `Cannot create a change set of the stack ${stackName}`;
  const response = await withAwsError(attempt, clients.cloudFormation.send(request));
  return z.string().parse(response.StackId);
}

/**
 * Waits until AWS has computed the changes of a change set, and returns them.
 * @returns null when the change set changes nothing
 * @throws OperatorError with AWS's reason when the change set failed
 */
export async function readChangeSet(
  cloud: CloudContext,
  name: string,
): Promise<ResourceChange[] | null> {
  const checkComputed = async () => {
    const { status, reason, changes } = await describeChangeSet(cloud, name);
    if (status === 'CREATE_COMPLETE') return { done: changes };
    if (status !== 'FAILED') return { pending: status };
    if (isWithoutChanges(reason)) return { done: null };
    throw new OperatorError(`AWS cannot change the stack ${cloud.stackName}: ${reason}`);
  };
  return await poll('The change set', checkComputed, pollOptions(cloud, READY_MAX_MS));
}

/** AWS has neither a status nor an error code for a change set without changes, only these reasons. */
function isWithoutChanges(reason: string): boolean {
  return /didn't contain changes|no updates are to be performed/i.test(reason);
}

const pageSchema = z.object({
  Status: z.string(),
  StatusReason: z.string().default(''),
  Changes: z.array(z.object({ ResourceChange: resourceChangeSchema.optional() })).default([]),
});

async function describeChangeSet({ clients, stackName }: CloudContext, name: string) {
  const pages = paginateDescribeChangeSet(
    { client: clients.cloudFormation },
    { StackName: stackName, ChangeSetName: name },
  );
  const changeSet = { status: '', reason: '', changes: [] as ResourceChange[] };
  for await (const page of readPages(`Cannot read the changes of the stack ${stackName}`, pages)) {
    const { Status, StatusReason, Changes } = pageSchema.parse(page);
    changeSet.status = Status;
    changeSet.reason = StatusReason;
    changeSet.changes.push(...Changes.flatMap(({ ResourceChange }) => ResourceChange ?? []));
  }
  return changeSet;
}

/** Starts the execution of a change set. AWS deletes all other change sets of the stack with it. */
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

/** Deletes a change set that was not executed. Idempotent. */
export async function deleteChangeSet(
  { clients, stackName }: CloudContext,
  name: string,
): Promise<void> {
  const request = new DeleteChangeSetCommand({ StackName: stackName, ChangeSetName: name });
  const attempt = `Cannot delete the change set ${name}`;
  try {
    await withAwsError(attempt, clients.cloudFormation.send(request));
  } catch (error) {
    if (!isAwsError(error, 'ChangeSetNotFound') && !isStackNotFound(error)) throw error;
  }
}
