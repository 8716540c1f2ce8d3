import type { EC2Client } from '@aws-sdk/client-ec2';
import { findSubnet, listDefaultSubnets, listZonesWith } from '../../aws/ec2/network.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { findNewestImage, noImageError } from '../images.ts';
import type { ParameterValues } from './parameters.ts';

const ZONES = 2;

/**
 * Returns values for the parameters that have no default in the template: ImageId (the newest image), VpcId and
 * SubnetIds (the default VPC, in two zones that offer the instance type) and WarehouseZone (the zone of the first
 * subnet). A parameter that is set does not change.
 * @param values the parameters that are set, and the defaults of the template
 * @throws OperatorError if there is no image or no such network, with the command that creates one; if only one of
 *   VpcId and SubnetIds is set; or if the first subnet does not exist
 */
export async function resolveDefaults(
  ec2: EC2Client,
  values: ParameterValues,
): Promise<ParameterValues> {
  const ImageId = values.ImageId || (await requireNewestImage(ec2));
  const { VpcId, SubnetIds } = values;
  if (Boolean(VpcId) !== Boolean(SubnetIds)) {
    throw new OperatorError('Set both VpcId and SubnetIds, or neither for the default VPC.');
  }
  const network =
    VpcId && SubnetIds ? { VpcId, SubnetIds } : await findDefaultNetwork(ec2, values.InstanceType);
  const WarehouseZone = values.WarehouseZone || (await findZone(ec2, network.SubnetIds));
  return { ImageId, ...network, WarehouseZone };
}

async function requireNewestImage(ec2: EC2Client): Promise<string> {
  const image = await findNewestImage(ec2);
  if (image) return image.id;
  throw noImageError();
}

async function findDefaultNetwork(ec2: EC2Client, instanceType = '') {
  const zones = await listZonesWith(ec2, instanceType);
  const subnets = (await listDefaultSubnets(ec2)).filter(({ zone }) => zones.includes(zone));
  const chosen = subnets.slice(0, ZONES);
  const [first] = chosen;
  if (first && chosen.length === ZONES) {
    return { VpcId: first.vpcId, SubnetIds: chosen.map(({ id }) => id).join(',') };
  }
  throw new OperatorError(
    `This region has no default VPC with subnets in two zones that offer a ${instanceType}. Create the VPC or the subnets ` +
      '(aws ec2 create-default-vpc, aws ec2 create-default-subnet), or choose another VPC: --set VpcId=vpc-… ' +
      '--set SubnetIds=subnet-…,subnet-…',
  );
}

async function findZone(ec2: EC2Client, subnetIds: string): Promise<string> {
  const [id = ''] = subnetIds.split(',');
  const subnet = await findSubnet(ec2, id.trim());
  if (subnet) return subnet.zone;
  throw new OperatorError(`There is no subnet ${id} in this region.`);
}
