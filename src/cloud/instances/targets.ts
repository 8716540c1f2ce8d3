import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';

const healthAnswer = z.object({
  TargetHealthDescriptions: z
    .array(
      z.object({
        Target: z.object({ Id: z.string() }),
        TargetHealth: z.object({ State: z.string() }),
      }),
    )
    .default([]),
});

/**
 * How the load balancer finds its instances, by their ids: `initial`, `healthy`, `unhealthy`, `draining` and others.
 * One that it has not been given yet, or no longer has, is missing.
 */
export async function readTargetHealth(
  loadBalancing: ElasticLoadBalancingV2Client,
  targetsArn: string,
): Promise<Map<string, string>> {
  const request = loadBalancing.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetsArn }),
  );
  const answer = await withAwsError('Cannot look at the health of the instances', request);
  const { TargetHealthDescriptions } = healthAnswer.parse(answer);
  return new Map(TargetHealthDescriptions.map((it) => [it.Target.Id, it.TargetHealth.State]));
}
