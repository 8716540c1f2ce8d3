import {
  DescribeInstanceTypeOfferingsCommand,
  DescribeSubnetsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { ask } from '../../aws/failures.ts';
import { OperatorError } from '../../errors.ts';
import { findArchitectures, findImage, type Image } from '../ec2/images.ts';
import { findAmazonLinux } from '../ec2/make-image.ts';
import { findNetworkOfGroup, findSubnet, hasKeyPair, type Subnet } from '../ec2/network.ts';
import type { InstanceConfig } from '../settings.ts';
import type { Site } from './provision.ts';

/**
 * Finds out where a provision can take place, and of which image, before anything is made.
 * @throws OperatorError when something that the settings name is not there, or does not fit
 */
export async function findSite(
  ec2: EC2Client,
  config: InstanceConfig,
  baseImageId: string | null,
): Promise<Site> {
  const image = await findBase(ec2, config, baseImageId);
  const subnet = await findPlace(ec2, config);
  if (!(await hasKeyPair(ec2, config.keyName))) {
    throw new OperatorError(`WAREHOUSE_KEY_NAME: there is no key pair ${config.keyName} here.`);
  }
  const vpcId = await findNetworkOfGroup(ec2, config.securityGroup);
  if (vpcId !== subnet.vpcId) {
    const problem = vpcId === null ? 'there is no such group here' : `it is not of ${subnet.vpcId}`;
    throw new OperatorError(`WAREHOUSE_SECURITY_GROUP ${config.securityGroup}: ${problem}.`);
  }
  return { image, subnet };
}

async function findBase(
  ec2: EC2Client,
  { instanceType }: InstanceConfig,
  baseImageId: string | null,
): Promise<Image> {
  const architectures = await findArchitectures(ec2, instanceType);
  const architecture = architectures?.find((it) => it === 'x86_64' || it === 'arm64');
  if (!architecture) {
    throw new OperatorError(`WAREHOUSE_INSTANCE_TYPE: there is no type ${instanceType} here.`);
  }
  const image = await (baseImageId === null
    ? findAmazonLinux(ec2, architecture)
    : findImage(ec2, baseImageId));
  if (!image) {
    throw new OperatorError(`There is no image ${baseImageId ?? 'of Amazon Linux 2023'} here.`);
  }
  if (image.architecture === architecture) return image;
  throw new OperatorError(
    `The image ${image.id} is for ${image.architecture}, but a ${instanceType} for ${architecture}.`,
  );
}

async function findPlace(
  ec2: EC2Client,
  { subnetId, instanceType }: InstanceConfig,
): Promise<Subnet> {
  if (subnetId) {
    const subnet = await findSubnet(ec2, subnetId);
    if (subnet) return subnet;
    throw new OperatorError(`WAREHOUSE_SUBNET_ID: there is no subnet ${subnetId} here.`);
  }
  // not every zone has every type
  const zones = await listZonesWith(ec2, instanceType);
  const subnets = await listDefaultSubnets(ec2);
  const subnet = subnets.find(({ zone }) => zones.includes(zone));
  if (subnet) return subnet;
  throw new OperatorError(
    `WAREHOUSE_SUBNET_ID must be set: no zone here has both a default subnet and a ${instanceType}.`,
  );
}

const offeringsAnswer = z.object({
  InstanceTypeOfferings: z.array(z.object({ Location: z.string() })).default([]),
});

async function listZonesWith(ec2: EC2Client, instanceType: string): Promise<string[]> {
  const request = new DescribeInstanceTypeOfferingsCommand({
    LocationType: 'availability-zone',
    Filters: [{ Name: 'instance-type', Values: [instanceType] }],
  });
  const answer = await ask(`Cannot look for zones with ${instanceType}`, ec2.send(request));
  return offeringsAnswer.parse(answer).InstanceTypeOfferings.map(({ Location }) => Location);
}

const subnetsAnswer = z.object({
  Subnets: z
    .array(z.object({ SubnetId: z.string(), AvailabilityZone: z.string(), VpcId: z.string() }))
    .default([]),
});

/** In the order of their zones' names, so that each provision takes the same. */
async function listDefaultSubnets(ec2: EC2Client): Promise<Subnet[]> {
  const filters = [{ Name: 'default-for-az', Values: ['true'] }];
  const request = ec2.send(new DescribeSubnetsCommand({ Filters: filters }));
  return subnetsAnswer
    .parse(await ask('Cannot look for a subnet', request))
    .Subnets.map((it) => ({ id: it.SubnetId, zone: it.AvailabilityZone, vpcId: it.VpcId }))
    .toSorted((a, b) => (a.zone < b.zone ? -1 : 1));
}
