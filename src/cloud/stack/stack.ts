import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { type Tags, tagsSchema } from '../../aws/ec2/tags.ts';
import { withAwsError, awsErrorName } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Clients, CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';

/** The tag of the stack, and of all that is in it, whose value is the stack's name. */
export const STACK_TAG = 'minitwit:stack';

/** The stack as AWS describes it. */
export interface Stack {
  /** Its ARN, which tells it from an earlier one of the same name. */
  id: string;
  name: string;
  /** `CREATE_COMPLETE`, `UPDATE_IN_PROGRESS` and many others. */
  status: string;
  /** Why it is in this status, in AWS's words; null where it says nothing. */
  reason: string | null;
  parameters: Record<string, string>;
  outputs: Record<string, string>;
  tags: Tags;
}

const stackAnswer = z
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
  })
  .transform((it): Stack => ({
    id: it.StackId,
    name: it.StackName,
    status: it.StackStatus,
    reason: it.StackStatusReason || null,
    parameters: Object.fromEntries(
      it.Parameters.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]),
    ),
    outputs: Object.fromEntries(
      it.Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
    ),
    tags: it.Tags,
  }));

const stacksAnswer = z.object({ Stacks: z.tuple([stackAnswer]) });

/**
 * The command's stack; null when there is none.
 * @throws OperatorError when the stack of that name is not one of MiniTwit's: nobody wants that changed or removed
 */
export async function findStack(cloud: CloudContext): Promise<Stack | null> {
  const { stackName } = cloud;
  const stack = await findStackById(cloud, stackName);
  // one without anything in it has no tags yet, or no more
  if (!stack || isEmpty(stack) || stack.status === 'DELETE_IN_PROGRESS') return stack;
  if (stack.tags[STACK_TAG] === stackName) return stack;
  throw new OperatorError(
    `The stack ${stackName} is not one of MiniTwit's: it has no tag ${STACK_TAG}. Choose another name: --stack NAME`,
  );
}

/**
 * A stack; null when there is none.
 * @param idOrName one that is being deleted, or was, is found by its id alone
 */
export async function findStackById(
  { clients, stackName }: CloudContext,
  idOrName: string,
): Promise<Stack | null> {
  const request = clients.cloudFormation.send(new DescribeStacksCommand({ StackName: idOrName }));
  try {
    return stacksAnswer.parse(await withAwsError(`Cannot look at the stack ${stackName}`, request))
      .Stacks[0];
  } catch (error) {
    if (isStackNotFound(error)) return null;
    throw error;
  }
}

const pageAnswer = z.object({
  Stacks: z.array(stackAnswer).default([]),
  NextToken: z.string().optional(),
});

/** Every stack of MiniTwit in this region. */
export async function listStacks({ cloudFormation }: Clients): Promise<Stack[]> {
  const stacks: Stack[] = [];
  let token: string | undefined;
  do {
    const request = cloudFormation.send(new DescribeStacksCommand({ NextToken: token }));
    const page = pageAnswer.parse(await withAwsError('Cannot look for stacks', request));
    stacks.push(...page.Stacks.filter(({ tags }) => tags[STACK_TAG]));
    token = page.NextToken;
  } while (token);
  return stacks;
}

/** Whether AWS says that there is no such stack, for which it has no error of its own. */
export function isStackNotFound(error: unknown): boolean {
  return (
    awsErrorName(error) === 'ValidationError' &&
    error instanceof Error &&
    error.message.includes('does not exist')
  );
}

/** Whether there is nothing in it: of its first change set, nobody has decided yet. */
export function isEmpty({ status }: Stack): boolean {
  return status === 'REVIEW_IN_PROGRESS';
}

/**
 * The stack, whatever its status.
 * @throws OperatorError when there is none
 */
export async function requireStack(cloud: CloudContext): Promise<Stack> {
  const stack = await findStack(cloud);
  if (!stack || isEmpty(stack)) throw stackNotFoundError(cloud);
  return stack;
}

/** Says that there is none, and how to get one. */
export function stackNotFoundError(cloud: CloudContext): OperatorError {
  return new OperatorError(
    `There is no stack ${cloud.stackName} in this region. To raise it: ${formatCommand(cloud, 'up')}`,
  );
}
