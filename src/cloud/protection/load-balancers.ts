import {
  DescribeLoadBalancerAttributesCommand,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { tagsSchema } from '../../aws/tags.ts';
import { nullIfAwsError, withAwsError } from '../../aws/errors.ts';
import type { CloudContext } from '../context.ts';
import type { StackResource } from '../stack/resources.ts';
import type { Protection } from './protection.ts';

const ATTRIBUTE = 'deletion_protection.enabled';

/** Lists the deletion protection of each load balancer among the resources of the stack. */
export async function listProtectionsOfLoadBalancers(
  cloud: CloudContext,
  resources: StackResource[],
): Promise<Protection[]> {
  const arns = resources
    .filter(({ type, id }) => type === 'AWS::ElasticLoadBalancingV2::LoadBalancer' && id)
    .map(({ id }) => id);
  const found = await Promise.all(arns.map((arn) => findProtection(cloud, arn)));
  return found.filter((it) => it !== null);
}

/** Returns the deletion protection of a load balancer, or null if that no longer exists. */
async function findProtection(
  { clients: { loadBalancing } }: CloudContext,
  arn: string,
): Promise<Protection | null> {
  const resource = `the load balancer ${arn.split('/').at(-2) ?? arn}`;
  const response = await nullIfAwsError(
    'LoadBalancerNotFound',
    withAwsError(
      `Cannot read the attributes of ${resource}`,
      loadBalancing.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn })),
    ),
  );
  if (response === null) return null;
  return {
    resource,
    // The attributes have the form of tags.
    isEnabled: tagsSchema.parse(response.Attributes)[ATTRIBUTE] === 'true',
    set: async (isEnabled) => {
      const Attributes = [{ Key: ATTRIBUTE, Value: String(isEnabled) }];
      const input = { LoadBalancerArn: arn, Attributes };
      const request = loadBalancing.send(new ModifyLoadBalancerAttributesCommand(input));
      await withAwsError(`Cannot change the deletion protection of ${resource}`, request);
    },
  };
}
