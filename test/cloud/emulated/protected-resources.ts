import { DescribeLoadBalancerAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import type { Moto } from './moto.ts';
import type { ExistingResources, Fault } from './resources.ts';

/** Returns AWS's refusal to delete a resource that is protected against deletion, or null. */
export async function findProtected(
  moto: Moto,
  { requested, ids }: ExistingResources,
): Promise<Fault | null> {
  for (const [resource, { Type }] of Object.entries(requested.resources)) {
    const reason = await REFUSALS[Type]?.(moto, ids[resource] ?? '');
    if (reason) return { resource, reason };
  }
  return null;
}

const REFUSALS: Record<string, (moto: Moto, id: string) => Promise<string | null>> = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': async ({ loadBalancing }, LoadBalancerArn) => {
    const request = new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn });
    const { Attributes = [] } = await loadBalancing.send(request);
    const attribute = Attributes.find(({ Key }) => Key === 'deletion_protection.enabled');
    if (attribute?.Value !== 'true') return null;
    return (
      `Load balancer '${LoadBalancerArn}' cannot be deleted because deletion protection is enabled (Service: ` +
      'AmazonElasticLoadBalancing; Status Code: 400; Error Code: OperationNotPermitted; Request ID: 1; Proxy: null)'
    );
  },
  'AWS::RDS::DBInstance': async ({ rds }, DBInstanceIdentifier) => {
    const request = new DescribeDBInstancesCommand({ DBInstanceIdentifier });
    const { DBInstances = [] } = await rds.send(request);
    if (!DBInstances[0]?.DeletionProtection) return null;
    return (
      'Cannot delete protected DB Instance, please disable deletion protection and try again. (Service: Rds, Status ' +
      'Code: 400, Request ID: 1)'
    );
  },
};
