import { paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { listItems } from '../../aws/pages.ts';
import type { CloudContext } from '../context.ts';

const resourceSchema = z
  .object({
    LogicalResourceId: z.string(),
    ResourceType: z.string(),
    PhysicalResourceId: z.string().default(''),
    ResourceStatus: z.string(),
    ResourceStatusReason: z.string().optional(),
  })
  .transform((it) => ({
    /** The logical id in the template. */
    name: it.LogicalResourceId,
    /** Such as `AWS::RDS::DBInstance`. */
    type: it.ResourceType,
    /** The id in its service, empty until the resource is created. */
    id: it.PhysicalResourceId,
    /** `CREATE_COMPLETE`, `DELETE_FAILED` and many others. */
    status: it.ResourceStatus,
    /** AWS's reason for the status, or null. */
    reason: it.ResourceStatusReason || null,
  }));

/** A resource of a stack. */
export type StackResource = z.infer<typeof resourceSchema>;

/** Lists the resources of a stack that are not deleted, or all resources of a deleted stack, sorted by logical id. */
export async function listResources(
  { clients, stackName }: CloudContext,
  stackId: string,
): Promise<StackResource[]> {
  const resources = await listItems(
    `Cannot list the resources of the stack ${stackName}`,
    paginateListStackResources({ client: clients.cloudFormation }, { StackName: stackId }),
    ({ StackResourceSummaries }) => StackResourceSummaries,
    resourceSchema,
  );
  return resources.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
