import {
  DescribeTagsCommand,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { z } from 'zod';
import { tagsSchema } from '../../aws/tags.ts';
import { withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import type { CloudContext } from '../context.ts';
import { monthlyBalancerCost, type PricedResource } from '../costs/priced-resource.ts';
import { STACK_TAG } from '../stack/stack.ts';

// AWS accepts no more ARNs in one request. The SDK has no paginator for it.
const DESCRIBE_TAGS_MAX = 20;

const tagDescriptionsSchema = z
  .array(z.object({ ResourceArn: z.string(), Tags: tagsSchema }))
  .default([]);

/** Lists the load balancers and target groups of a stack by their tag. */
export async function listOrphanedLoadBalancers({
  clients: { loadBalancing: client },
  stackName,
}: CloudContext): Promise<PricedResource[]> {
  const balancers = await listItems(
    'Cannot list the load balancers',
    paginateDescribeLoadBalancers({ client }, {}),
    ({ LoadBalancers }) => LoadBalancers?.map((it) => it.LoadBalancerArn),
    z.string(),
  );
  const targetGroups = await listItems(
    'Cannot list the target groups',
    paginateDescribeTargetGroups({ client }, {}),
    ({ TargetGroups }) => TargetGroups?.map((it) => it.TargetGroupArn),
    z.string(),
  );
  const arns = [...balancers, ...targetGroups];
  const orphans: PricedResource[] = [];
  for (let from = 0; from < arns.length; from += DESCRIBE_TAGS_MAX) {
    const ResourceArns = arns.slice(from, from + DESCRIBE_TAGS_MAX);
    const request = client.send(new DescribeTagsCommand({ ResourceArns }));
    const response = await withAwsError('Cannot read the tags of the load balancers', request);
    for (const { ResourceArn, Tags } of tagDescriptionsSchema.parse(response.TagDescriptions)) {
      if (Tags[STACK_TAG] !== stackName) continue;
      orphans.push(
        targetGroups.includes(ResourceArn)
          ? { about: `the target group ${ResourceArn}`, monthly: 0 }
          : { about: `the load balancer ${ResourceArn}`, monthly: monthlyBalancerCost() },
      );
    }
  }
  return orphans;
}
