import { ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import type { CloudContext } from '../context.ts';

/** Something that a stack is made of. */
export interface Resource {
  /** Its logical id, as the template calls it. */
  name: string;
  /** `AWS::RDS::DBInstance` and the like. */
  type: string;
  /** What its service calls it; empty before it is made. */
  id: string;
  /** `CREATE_COMPLETE`, `DELETE_FAILED` and many others. */
  status: string;
  /** Why it is in this status, in AWS's words; null where it says nothing. */
  reason: string | null;
}

const resourceAnswer = z
  .object({
    LogicalResourceId: z.string(),
    ResourceType: z.string(),
    PhysicalResourceId: z.string().default(''),
    ResourceStatus: z.string(),
    ResourceStatusReason: z.string().optional(),
  })
  .transform((it): Resource => ({
    name: it.LogicalResourceId,
    type: it.ResourceType,
    id: it.PhysicalResourceId,
    status: it.ResourceStatus,
    reason: it.ResourceStatusReason || null,
  }));

const resourcesAnswer = z.object({
  StackResourceSummaries: z.array(resourceAnswer).default([]),
  NextToken: z.string().optional(),
});

/** All that a stack is made of that is not gone, by its logical id; of a stack that is gone, all that it was made of. */
export async function listResources(
  { clients, stackName }: CloudContext,
  stackId: string,
): Promise<Resource[]> {
  const resources: Resource[] = [];
  let token: string | undefined;
  do {
    const request = clients.cloudFormation.send(
      new ListStackResourcesCommand({ StackName: stackId, NextToken: token }),
    );
    const answer = resourcesAnswer.parse(
      await withAwsError(`Cannot look what the stack ${stackName} is made of`, request),
    );
    resources.push(...answer.StackResourceSummaries);
    token = answer.NextToken;
  } while (token);
  return resources.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
