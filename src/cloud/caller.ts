import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { z } from 'zod';
import { withAwsError } from '../aws/errors.ts';
import type { Clients } from './context.ts';

const callerSchema = z
  .object({ Account: z.string(), Arn: z.string().regex(/^arn:[\w-]+:\w+:/) })
  .transform(({ Account, Arn }) => ({
    account: Account,
    /** The ARN of a user, of the root user, or of a session of a role. */
    arn: Arn,
    /** `aws`, or another one in China and for governments. */
    partition: Arn.split(':')[1] ?? '',
  }));

/** The identity of an operator's credentials. */
export type Caller = z.infer<typeof callerSchema>;

/** Returns the identity of the operator's credentials. AWS needs no permission for this. */
export async function readCaller({ sts }: Pick<Clients, 'sts'>): Promise<Caller> {
  const request = sts.send(new GetCallerIdentityCommand());
  return callerSchema.parse(await withAwsError('Cannot read the number of the account', request));
}
