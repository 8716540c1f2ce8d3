import type { EC2Client } from '@aws-sdk/client-ec2';
import { findSubnet, listZonesWith, type Subnet } from '../../aws/ec2/network.ts';
import { listPrivateSubnets } from '../../aws/ec2/route-tables.ts';
import { preflightError } from '../../cli/preflight.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { listTypeNames } from './instance-types.ts';
import type { ParameterValues } from './parameters.ts';

/**
 * Returns the subnets of the parameter SubnetIds, in its order.
 * @throws OperatorError when a subnet does not exist
 */
export function requireSubnets(ec2: EC2Client, subnetIds: string): Promise<Subnet[]> {
  const ids = subnetIds.split(',').map((id) => id.trim());
  return Promise.all(
    ids.map(async (id) => {
      const subnet = await findSubnet(ec2, id);
      if (subnet) return subnet;
      throw new OperatorError(`There is no subnet ${id} in this region.`);
    }),
  );
}

/**
 * Asserts that a load balancer and instances can be in these subnets. AWS itself would report it only after it has
 * created the database, or not at all: an instance that cannot reach the internet starts, and never serves.
 * @throws OperatorError with all problems
 */
export async function assertNetworkUsable(
  ec2: EC2Client,
  { VpcId = '', SubnetIds = '', InstanceTypes = '' }: ParameterValues,
): Promise<void> {
  const subnets = await requireSubnets(ec2, SubnetIds);
  const zones = [...new Set(subnets.map(({ zone }) => zone))];
  const problems = [
    ...subnets
      .filter(({ vpcId }) => vpcId !== VpcId)
      .map(({ id, vpcId }) => `The subnet ${id} is in ${vpcId}, not in ${VpcId}.`),
    ...(zones.length > 1
      ? []
      : [`All SubnetIds are in ${zones.join()}. The load balancer needs subnets in two zones.`]),
    ...(await listPrivateSubnets(ec2, subnets)).map(
      ({ id }) =>
        `The subnet ${id} has no route to an internet gateway. The load balancer and the instances need public subnets.`,
    ),
    ...(await listMissingTypes(ec2, listTypeNames(InstanceTypes), zones)),
  ];
  if (problems.length > 0) throw preflightError(problems);
}

async function listMissingTypes(
  ec2: EC2Client,
  types: string[],
  zones: string[],
): Promise<string[]> {
  const problems = types.map(async (type) => {
    const offering = await listZonesWith(ec2, type);
    const lacking = zones.filter((zone) => !offering.includes(zone));
    if (lacking.length === 0) return [];
    return [
      `AWS does not offer ${type} in ${lacking.join(', ')}. Set other InstanceTypes or SubnetIds.`,
    ];
  });
  return (await Promise.all(problems)).flat();
}
