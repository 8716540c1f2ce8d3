import { GetPolicyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { z } from 'zod';
import { nullIfAwsError, withAwsError } from '../aws/errors.ts';
import type { Clients } from './context.ts';

/** The name of the permissions boundary in cloud/operator.yaml. */
export const BOUNDARY = 'minitwit-boundary';

const arnSchema = z.string().regex(/^arn:[\w-]+:\w+:/);

/**
 * Returns the ARN of the permissions boundary that cloud/operator.yaml creates, or null if the account has none. An
 * operator may only create roles with it. An administrator may also create roles without it.
 */
export async function findBoundary({
  iam,
  sts,
}: Pick<Clients, 'iam' | 'sts'>): Promise<string | null> {
  const caller = sts.send(new GetCallerIdentityCommand());
  const { Account, Arn } = await withAwsError('Cannot read the number of the account', caller);
  const [, partition] = arnSchema.parse(Arn).split(':');
  const PolicyArn = `arn:${partition}:iam::${Account}:policy/${BOUNDARY}`;
  const policy = withAwsError(
    `Cannot read the policy ${BOUNDARY}`,
    iam.send(new GetPolicyCommand({ PolicyArn })),
  );
  return (await nullIfAwsError('NoSuchEntity', policy)) && PolicyArn;
}
