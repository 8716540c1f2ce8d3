import {
  CreateSecurityGroupCommand,
  type CreateSecurityGroupCommandInput,
  DeleteSecurityGroupCommand,
  type EC2Client,
  type Filter,
  paginateDescribeSecurityGroups,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { tagsSchema } from '../../aws/tags.ts';
import { isAwsError, nullIfNotFound, withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';

const groupSchema = z
  .object({ GroupId: z.string(), GroupName: z.string(), Tags: tagsSchema })
  .transform((it) => ({ id: it.GroupId, name: it.GroupName, tags: it.Tags }));

/** A security group. */
export type SecurityGroup = z.infer<typeof groupSchema>;

/** Lists the security groups that match all filters. */
export function listSecurityGroups(ec2: EC2Client, filters: Filter[]): Promise<SecurityGroup[]> {
  return listItems(
    'Cannot list the security groups',
    paginateDescribeSecurityGroups({ client: ec2 }, { Filters: filters }),
    ({ SecurityGroups }) => SecurityGroups,
    groupSchema,
  );
}

/**
 * Creates a security group, and returns its id.
 * @throws OperatorError, which `isAwsError` recognizes as `InvalidGroup.Duplicate` if a group of this name exists
 */
export async function createSecurityGroup(
  ec2: EC2Client,
  input: CreateSecurityGroupCommandInput,
): Promise<string> {
  const request = ec2.send(new CreateSecurityGroupCommand(input));
  const answer = await withAwsError(`Cannot create the security group ${input.GroupName}`, request);
  return z.object({ GroupId: z.string() }).parse(answer).GroupId;
}

/** Deletes a security group. Returns false while it is in use, and true when it does not exist. */
export async function deleteSecurityGroup(ec2: EC2Client, id: string): Promise<boolean> {
  const request = ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }));
  try {
    await nullIfNotFound(withAwsError(`Cannot delete the security group ${id}`, request));
    return true;
  } catch (error) {
    if (isAwsError(error, 'DependencyViolation')) return false;
    throw error;
  }
}
