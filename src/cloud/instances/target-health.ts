import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';

const targetsSchema = z
  .array(
    z.object({
      Target: z.object({ Id: z.string() }),
      TargetHealth: z.object({ State: z.string() }),
    }),
  )
  .default([]);

/**
 * Returns the health of instances in the load balancer's target group, by instance id: `initial`, `healthy`,
 * `unhealthy`, `draining` and others. Instances that are not registered are missing. The SDK has no paginator for this
 * request.
 */
export async function readTargetHealth(
  loadBalancing: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
): Promise<Map<string, string>> {
  const request = loadBalancing.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
  );
  const response = await withAwsError('Cannot read the health of the instances', request);
  const targets = targetsSchema.parse(response.TargetHealthDescriptions);
  return new Map(targets.map((it) => [it.Target.Id, it.TargetHealth.State]));
}
