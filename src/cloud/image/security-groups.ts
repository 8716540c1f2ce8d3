import {
  CreateSecurityGroupCommand,
  type CreateSecurityGroupCommandInput,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type Filter,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { type Tags, tagsSchema } from '../../aws/ec2/tags.ts';
import { withAwsError, awsErrorName, nullIfNotFound } from '../../aws/errors.ts';

/** A security group as AWS describes it. */
export interface Group {
  id: string;
  name: string;
  tags: Tags;
}

const groupsAnswer = z.object({
  SecurityGroups: z
    .array(
      z
        .object({ GroupId: z.string(), GroupName: z.string(), Tags: tagsSchema })
        .transform((it): Group => ({ id: it.GroupId, name: it.GroupName, tags: it.Tags })),
    )
    .default([]),
});

/** Every security group that these filters find. */
export async function listGroups(ec2: EC2Client, filters: Filter[]): Promise<Group[]> {
  const request = ec2.send(new DescribeSecurityGroupsCommand({ Filters: filters }));
  return groupsAnswer.parse(await withAwsError('Cannot look for security groups', request))
    .SecurityGroups;
}

/** Makes a security group; asked again, AWS says that there is one of this name (`InvalidGroup.Duplicate`). */
export async function createGroup(
  ec2: EC2Client,
  input: CreateSecurityGroupCommandInput,
): Promise<string> {
  const request = ec2.send(new CreateSecurityGroupCommand(input));
  const answer = await withAwsError(`Cannot make the security group ${input.GroupName}`, request);
  return z.object({ GroupId: z.string() }).parse(answer).GroupId;
}

/** Deletes a security group; one that is gone already is fine. False while something uses it. */
export async function deleteGroup(ec2: EC2Client, id: string): Promise<boolean> {
  const request = ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }));
  try {
    await nullIfNotFound(withAwsError(`Cannot delete the security group ${id}`, request));
    return true;
  } catch (error) {
    if (awsErrorName(error) === 'DependencyViolation') return false;
    throw error;
  }
}
