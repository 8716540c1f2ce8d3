import { GetPolicyCommand } from '@aws-sdk/client-iam';
import { nullIfAwsError, withAwsError } from '../aws/errors.ts';
import { readCaller } from './caller.ts';
import type { Clients } from './context.ts';

/** The name of the permissions boundary in cloud/operator.yaml. */
export const BOUNDARY = 'minitwit-boundary';

/**
 * Returns the ARN of the permissions boundary that cloud/operator.yaml creates, or null if the account has none. An
 * operator may only create roles with it. An administrator may also create roles without it.
 */
export async function findBoundary({
  iam,
  sts,
}: Pick<Clients, 'iam' | 'sts'>): Promise<string | null> {
  const { account, partition } = await readCaller({ sts });
  const PolicyArn = `arn:${partition}:iam::${account}:policy/${BOUNDARY}`;
  const policy = withAwsError(
    `Cannot read the policy ${BOUNDARY}`,
    iam.send(new GetPolicyCommand({ PolicyArn })),
  );
  return (await nullIfAwsError('NoSuchEntity', policy)) && PolicyArn;
}
