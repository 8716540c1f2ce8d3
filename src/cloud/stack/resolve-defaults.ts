import type { EC2Client } from '@aws-sdk/client-ec2';
import { findSubnet, listDefaultSubnets, listZonesWith } from '../../aws/ec2/network.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { findNewestImage } from '../images.ts';
import type { ParameterValues } from './parameters.ts';

const ZONES = 2;

/**
 * Finds what a new stack needs and nobody has set: the newest image, and where to be, which is in the default VPC, in
 * two of its zones that have such instances; the warehouse's volume in the zone of the first.
 * @param values what is set, and what the template says of all else
 * @throws OperatorError when there is no image or no such place, which says how to get one
 */
export async function resolveDefaults(
  ec2: EC2Client,
  values: ParameterValues,
): Promise<ParameterValues> {
  const ImageId = values.ImageId || (await findOwnImage(ec2));
  const { VpcId, SubnetIds } = values;
  if (Boolean(VpcId) !== Boolean(SubnetIds)) {
    throw new OperatorError('Set both VpcId and SubnetIds, or neither for the default VPC.');
  }
  const network =
    VpcId && SubnetIds ? { VpcId, SubnetIds } : await findDefaultNetwork(ec2, values.InstanceType);
  const WarehouseZone = values.WarehouseZone || (await findZone(ec2, network.SubnetIds));
  return { ImageId, ...network, WarehouseZone };
}

async function findOwnImage(ec2: EC2Client): Promise<string> {
  const image = await findNewestImage(ec2);
  if (image) return image.id;
  throw new OperatorError('There is no image of MiniTwit here yet. First: npm run cloud -- image');
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
    `There is no default VPC here that has subnets in two zones with a ${instanceType}. Make one (aws ec2 ` +
      'create-default-vpc, aws ec2 create-default-subnet), or name another: --set VpcId=vpc-… ' +
      '--set SubnetIds=subnet-…,subnet-…',
  );
}

async function findZone(ec2: EC2Client, subnetIds: string): Promise<string> {
  const [id = ''] = subnetIds.split(',');
  const subnet = await findSubnet(ec2, id.trim());
  if (subnet) return subnet.zone;
  throw new OperatorError(`There is no subnet ${id} here.`);
}
