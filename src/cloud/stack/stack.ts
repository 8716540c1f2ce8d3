import {
  type DescribeStacksCommandInput,
  paginateDescribeStacks,
} from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { tagsSchema } from '../../aws/tags.ts';
import { findAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Clients, CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';

/** The tag of a stack and of all its resources, whose value is the name of the stack. */
export const STACK_TAG = 'minitwit:stack';

const stackSchema = z
  .object({
    StackId: z.string(),
    StackName: z.string(),
    StackStatus: z.string(),
    StackStatusReason: z.string().optional(),
    Parameters: z
      .array(z.object({ ParameterKey: z.string(), ParameterValue: z.string().default('') }))
      .default([]),
    Outputs: z
      .array(z.object({ OutputKey: z.string(), OutputValue: z.string().default('') }))
      .default([]),
    Tags: tagsSchema,
    EnableTerminationProtection: z.boolean().default(false),
  })
  .transform((it) => ({
    /** The ARN, which differs from that of an earlier stack of the same name. */
    id: it.StackId,
    name: it.StackName,
    /** `CREATE_COMPLETE`, `UPDATE_IN_PROGRESS` and many others. */
    status: it.StackStatus,
    /** AWS's reason for the status, or null. */
    reason: it.StackStatusReason || null,
    parameters: Object.fromEntries(
      it.Parameters.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]),
    ) as Record<string, string>,
    outputs: Object.fromEntries(
      it.Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
    ) as Record<string, string>,
    tags: it.Tags,
    /** Whether AWS refuses to delete the stack. */
    isProtected: it.EnableTerminationProtection,
  }));

/** A CloudFormation stack. */
export type Stack = z.infer<typeof stackSchema>;

function describeStacks(
  { cloudFormation }: Clients,
  attempt: string,
  input: DescribeStacksCommandInput,
) {
  const pages = paginateDescribeStacks({ client: cloudFormation }, input);
  return listItems(attempt, pages, ({ Stacks }) => Stacks, stackSchema);
}

/**
 * Returns the command's stack, or null if there is none.
 * @throws OperatorError when the stack of this name is not a stack of MiniTwit, so that no other stack is changed or
 *   removed
 */
export async function findStack(cloud: CloudContext): Promise<Stack | null> {
  const { stackName } = cloud;
  const stack = await findStackById(cloud, stackName);
  // An empty stack, and one that is being deleted, may have no tags.
  if (!stack || isEmpty(stack) || stack.status === 'DELETE_IN_PROGRESS') return stack;
  if (stack.tags[STACK_TAG] === stackName) return stack;
  throw new OperatorError(
    `The stack ${stackName} is not a stack of MiniTwit: it has no tag ${STACK_TAG}. Use --stack NAME to choose another name.`,
  );
}

/**
 * Returns a stack, or null if there is none.
 * @param idOrName A deleted stack, and one that is being deleted, is only found by its id.
 */
export async function findStackById(
  { clients, stackName }: CloudContext,
  idOrName: string,
): Promise<Stack | null> {
  const attempt = `Cannot read the stack ${stackName}`;
  try {
    const [stack] = await describeStacks(clients, attempt, { StackName: idOrName });
    return stack ?? null;
  } catch (error) {
    if (isStackNotFound(error)) return null;
    throw error;
  }
}

/** Lists all stacks of MiniTwit in this region. */
export async function listStacks(clients: Clients): Promise<Stack[]> {
  const stacks = await describeStacks(clients, 'Cannot list the stacks', {});
  return stacks.filter(({ tags }) => tags[STACK_TAG]);
}

/** Returns whether AWS answered that a stack does not exist. CloudFormation has no error code of its own for this. */
export function isStackNotFound(error: unknown): boolean {
  const { name, message = '' } = findAwsError(error) ?? {};
  return name === 'ValidationError' && message.includes('does not exist');
}

/** Returns whether a stack is empty: its first change set has not been executed. */
export function isEmpty({ status }: Stack): boolean {
  return status === 'REVIEW_IN_PROGRESS';
}

/** Returns whether the creation or the removal of a stack has failed. Such a stack can only be removed. */
export function isIncomplete({ status }: Stack): boolean {
  return /^(CREATE|DELETE|ROLLBACK)_FAILED$|^ROLLBACK_COMPLETE$/.test(status);
}

/** Returns whether AWS is changing or deleting a stack of this status. */
export function isInProgress(status: string): boolean {
  return status.endsWith('_IN_PROGRESS');
}

/**
 * Returns the command's stack, whatever its status.
 * @throws OperatorError when there is none
 */
export async function requireStack(cloud: CloudContext): Promise<Stack> {
  const stack = await findStack(cloud);
  if (!stack || isEmpty(stack)) throw stackNotFoundError(cloud);
  return stack;
}

/** Returns the error for a stack that does not exist, with the command that creates it. */
export function stackNotFoundError(cloud: CloudContext): OperatorError {
  return new OperatorError(
    `There is no stack ${cloud.stackName} in this region. Run ${formatCommand(cloud, 'up')} to create it.`,
  );
}
