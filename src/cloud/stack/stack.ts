import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { ask, awsErrorName } from '../../aws/failures.ts';
import { OperatorError } from '../../errors.ts';
import type { Cloud } from '../cloud.ts';
import { commandLine } from '../command-line.ts';

/** The tag of the stack, and of all that is in it, whose value is the stack's name. */
export const STACK_TAG = 'minitwit:stack';

/** The stack as AWS describes it. */
export interface Stack {
  /** Its ARN, which tells it from an earlier one of the same name. */
  id: string;
  /** `CREATE_COMPLETE`, `UPDATE_IN_PROGRESS` and many others. */
  status: string;
  /** Why it is in this status, in AWS's words; null where it says nothing. */
  reason: string | null;
  parameters: Record<string, string>;
  outputs: Record<string, string>;
}

const stackAnswer = z
  .object({
    StackId: z.string(),
    StackStatus: z.string(),
    StackStatusReason: z.string().optional(),
    Parameters: z
      .array(z.object({ ParameterKey: z.string(), ParameterValue: z.string().default('') }))
      .default([]),
    Outputs: z
      .array(z.object({ OutputKey: z.string(), OutputValue: z.string().default('') }))
      .default([]),
  })
  .transform((it): Stack => ({
    id: it.StackId,
    status: it.StackStatus,
    reason: it.StackStatusReason || null,
    parameters: Object.fromEntries(
      it.Parameters.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]),
    ),
    outputs: Object.fromEntries(
      it.Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
    ),
  }));

const stacksAnswer = z.object({ Stacks: z.tuple([stackAnswer]) });

/**
 * The stack; null when there is none.
 * @param idOrName one that is being deleted, or was, is found by its id alone; the command's stack unless told
 */
export async function findStack(
  { clients, stackName }: Cloud,
  idOrName = stackName,
): Promise<Stack | null> {
  const request = clients.cloudFormation.send(new DescribeStacksCommand({ StackName: idOrName }));
  try {
    return stacksAnswer.parse(await ask(`Cannot look at the stack ${stackName}`, request))
      .Stacks[0];
  } catch (error) {
    if (isOfNoStack(error)) return null;
    throw error;
  }
}

/** Whether AWS says that there is no such stack, for which it has no error of its own. */
export function isOfNoStack(error: unknown): boolean {
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
export async function requireStack(cloud: Cloud): Promise<Stack> {
  const stack = await findStack(cloud);
  if (!stack || isEmpty(stack)) throw noStack(cloud);
  return stack;
}

/** Says that there is none, and how to get one. */
export function noStack(cloud: Cloud): OperatorError {
  return new OperatorError(
    `There is no stack ${cloud.stackName} in this region. To raise it: ${commandLine(cloud, 'up')}`,
  );
}
