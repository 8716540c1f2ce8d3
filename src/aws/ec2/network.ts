import {
  DescribeInstanceTypeOfferingsCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError, nullIfNotFound } from '../errors.ts';

/** A part of a network, in one zone. */
export interface Subnet {
  id: string;
  zone: string;
  /** The network that it is a part of. */
  vpcId: string;
}

const subnetsAnswer = z.object({
  Subnets: z
    .array(
      z
        .object({ SubnetId: z.string(), AvailabilityZone: z.string(), VpcId: z.string() })
        .transform((it): Subnet => ({
          id: it.SubnetId,
          zone: it.AvailabilityZone,
          vpcId: it.VpcId,
        })),
    )
    .default([]),
});

/** A subnet; null when there is none. */
export async function findSubnet(ec2: EC2Client, id: string): Promise<Subnet | null> {
  const request = ec2.send(new DescribeSubnetsCommand({ SubnetIds: [id] }));
  const answer = await nullIfNotFound(withAwsError(`Cannot look at the subnet ${id}`, request));
  return subnetsAnswer.parse(answer ?? {}).Subnets[0] ?? null;
}

/** The subnet that AWS takes in a zone where none is named; null when the zone has none. */
export async function findDefaultSubnet(ec2: EC2Client, zone: string): Promise<Subnet | null> {
  return (await listDefaultSubnets(ec2)).find((subnet) => subnet.zone === zone) ?? null;
}

/** Those of all zones, in the order of the zones' names. */
export async function listDefaultSubnets(ec2: EC2Client): Promise<Subnet[]> {
  const filters = [{ Name: 'default-for-az', Values: ['true'] }];
  const request = ec2.send(new DescribeSubnetsCommand({ Filters: filters }));
  const { Subnets } = subnetsAnswer.parse(await withAwsError('Cannot look for a subnet', request));
  return Subnets.toSorted((a, b) => (a.zone < b.zone ? -1 : 1));
}

/** The first of them whose zone has a type of instance, since not every one has every type; null for none. */
export async function findDefaultSubnetFor(
  ec2: EC2Client,
  instanceType: string,
): Promise<Subnet | null> {
  const zones = await listZonesWith(ec2, instanceType);
  const subnets = await listDefaultSubnets(ec2);
  return subnets.find(({ zone }) => zones.includes(zone)) ?? null;
}

const offeringsAnswer = z.object({
  InstanceTypeOfferings: z.array(z.object({ Location: z.string() })).default([]),
});

/** The zones that have instances of a type: not every one has every type. */
export async function listZonesWith(ec2: EC2Client, instanceType: string): Promise<string[]> {
  const request = new DescribeInstanceTypeOfferingsCommand({
    LocationType: 'availability-zone',
    Filters: [{ Name: 'instance-type', Values: [instanceType] }],
  });
  const answer = await withAwsError(
    `Cannot look for zones with ${instanceType}`,
    ec2.send(request),
  );
  return offeringsAnswer.parse(answer).InstanceTypeOfferings.map(({ Location }) => Location);
}

const groupsAnswer = z.object({
  SecurityGroups: z.array(z.object({ VpcId: z.string() })).default([]),
});

/** The network that a security group is for; null when there is no such group. */
export async function findVpcOfSecurityGroup(ec2: EC2Client, id: string): Promise<string | null> {
  const request = ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] }));
  const answer = await nullIfNotFound(
    withAwsError(`Cannot look at the security group ${id}`, request),
  );
  return groupsAnswer.parse(answer ?? {}).SecurityGroups[0]?.VpcId ?? null;
}

/** Whether there is a key pair of this name. */
export async function hasKeyPair(ec2: EC2Client, name: string): Promise<boolean> {
  const request = ec2.send(new DescribeKeyPairsCommand({ KeyNames: [name] }));
  return (
    (await nullIfNotFound(withAwsError(`Cannot look at the key pair ${name}`, request))) !== null
  );
}
