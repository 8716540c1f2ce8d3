import type { EC2Client } from '@aws-sdk/client-ec2';
import { findImage, type Image } from '../../aws/ec2/images.ts';
import { listDefaultSubnets } from '../../aws/ec2/network.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { findNewestImage, imageNotFoundError, noImageError } from '../images.ts';
import {
  listDefaultTypes,
  listTypeNames,
  listTypesOffered,
  listZonesWithAll,
} from './instance-types.ts';
import { requireSubnets } from './network-check.ts';
import type { ParameterValues } from './parameters.ts';

const ZONES = 2;

/**
 * Returns values for the parameters that have no default in the template: ImageId (the newest image), InstanceTypes
 * (those of the image's architecture that the zones offer), VpcId and SubnetIds (the default VPC, in two zones that
 * offer the instance types) and WarehouseZone (the zone of the first subnet). A parameter that is set does not change.
 * @param values the parameters that are set, and the defaults of the template
 * @param listTypes lists the preferred instance types for an architecture
 * @throws OperatorError if there is no image or no such network, with the command that creates one; if only one of
 *   VpcId and SubnetIds is set; or if a subnet does not exist
 */
export async function resolveDefaults(
  ec2: EC2Client,
  values: ParameterValues,
  listTypes: (architecture: string) => string[] = listDefaultTypes,
): Promise<ParameterValues> {
  const image = await chooseImage(ec2, values.ImageId);
  const { VpcId, SubnetIds } = values;
  if (Boolean(VpcId) !== Boolean(SubnetIds)) {
    throw new OperatorError('Set both VpcId and SubnetIds, or neither for the default VPC.');
  }
  const defaultTypes = listTypes(image.architecture);
  const types = values.InstanceTypes
    ? listTypeNames(values.InstanceTypes)
    : defaultTypes.slice(0, 1);
  const network = VpcId && SubnetIds ? { VpcId, SubnetIds } : await findDefaultNetwork(ec2, types);
  const zones = (await requireSubnets(ec2, network.SubnetIds)).map(({ zone }) => zone);
  return {
    ImageId: image.id,
    InstanceTypes:
      values.InstanceTypes || (await listTypesOffered(ec2, defaultTypes, zones)).join(','),
    ...network,
    WarehouseZone: values.WarehouseZone || (zones[0] ?? ''),
  };
}

async function chooseImage(ec2: EC2Client, id: string | undefined): Promise<Image> {
  const image = id ? await findImage(ec2, id) : await findNewestImage(ec2);
  if (image) return image;
  throw id ? imageNotFoundError(id) : noImageError();
}

async function findDefaultNetwork(ec2: EC2Client, types: string[]) {
  const zones = await listZonesWithAll(ec2, types);
  const subnets = (await listDefaultSubnets(ec2)).filter(({ zone }) => zones.includes(zone));
  const chosen = subnets.slice(0, ZONES);
  const [first] = chosen;
  if (first && chosen.length === ZONES) {
    return { VpcId: first.vpcId, SubnetIds: chosen.map(({ id }) => id).join(',') };
  }
  throw new OperatorError(
    `This region has no default VPC with subnets in two zones that offer ${types.join(', ')}. Let an administrator create the VPC or the subnets ` +
      '(aws ec2 create-default-vpc, aws ec2 create-default-subnet), or choose another VPC: --set VpcId=vpc-… ' +
      '--set SubnetIds=subnet-…,subnet-…',
  );
}
