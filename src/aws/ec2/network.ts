import {
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  type DescribeSubnetsCommandInput,
  type EC2Client,
  paginateDescribeInstanceTypeOfferings,
  paginateDescribeSubnets,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { nullIfNotFound, withAwsError } from '../errors.ts';
import { listItems } from '../pages.ts';

const subnetSchema = z
  .object({ SubnetId: z.string(), AvailabilityZone: z.string(), VpcId: z.string() })
  .transform((it) => ({ id: it.SubnetId, zone: it.AvailabilityZone, vpcId: it.VpcId }));

/** A subnet, which is in one availability zone. */
export type Subnet = z.infer<typeof subnetSchema>;

function describeSubnets(ec2: EC2Client, attempt: string, input: DescribeSubnetsCommandInput) {
  const pages = paginateDescribeSubnets({ client: ec2 }, input);
  return listItems(attempt, pages, ({ Subnets }) => Subnets, subnetSchema);
}

/** Returns a subnet, or null if there is none. */
export async function findSubnet(ec2: EC2Client, id: string): Promise<Subnet | null> {
  const attempt = `Cannot read the subnet ${id}`;
  const found = await nullIfNotFound(describeSubnets(ec2, attempt, { SubnetIds: [id] }));
  return found?.[0] ?? null;
}

/** Returns the default subnet of an availability zone, or null if the zone has none. */
export async function findDefaultSubnet(ec2: EC2Client, zone: string): Promise<Subnet | null> {
  return (await listDefaultSubnets(ec2)).find((subnet) => subnet.zone === zone) ?? null;
}

/** Lists the default subnets of all availability zones, in the order of the zones' names. */
export async function listDefaultSubnets(ec2: EC2Client): Promise<Subnet[]> {
  const input = { Filters: [{ Name: 'default-for-az', Values: ['true'] }] };
  const subnets = await describeSubnets(ec2, 'Cannot list the default subnets', input);
  return subnets.toSorted((a, b) => (a.zone < b.zone ? -1 : 1));
}

/** Returns the first default subnet in a zone that offers an instance type, or null if there is none. */
export async function findDefaultSubnetFor(
  ec2: EC2Client,
  instanceType: string,
): Promise<Subnet | null> {
  const zones = await listZonesWith(ec2, instanceType);
  const subnets = await listDefaultSubnets(ec2);
  return subnets.find(({ zone }) => zones.includes(zone)) ?? null;
}

/** Lists the availability zones that offer an instance type. Not every zone offers every type. */
export function listZonesWith(ec2: EC2Client, instanceType: string): Promise<string[]> {
  return listItems(
    `Cannot list the zones with ${instanceType}`,
    paginateDescribeInstanceTypeOfferings(
      { client: ec2 },
      {
        LocationType: 'availability-zone',
        Filters: [{ Name: 'instance-type', Values: [instanceType] }],
      },
    ),
    (page) => page.InstanceTypeOfferings?.map(({ Location }) => Location),
    z.string(),
  );
}

/** Returns the id of a security group's VPC, or null if there is no such group. */
export async function findVpcOfSecurityGroup(ec2: EC2Client, id: string): Promise<string | null> {
  const request = ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] }));
  const attempt = `Cannot read the security group ${id}`;
  const response = await nullIfNotFound(withAwsError(attempt, request));
  return response?.SecurityGroups?.[0]?.VpcId ?? null;
}

/** Returns whether there is a key pair of this name. */
export async function hasKeyPair(ec2: EC2Client, name: string): Promise<boolean> {
  const request = ec2.send(new DescribeKeyPairsCommand({ KeyNames: [name] }));
  return (await nullIfNotFound(withAwsError(`Cannot read the key pair ${name}`, request))) !== null;
}
