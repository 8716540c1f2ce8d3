import { type EC2Client, paginateDescribeRouteTables } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { listItems } from '../pages.ts';
import type { Subnet } from './network.ts';

const routeSchema = z.object({
  DestinationCidrBlock: z.string().optional(),
  GatewayId: z.string().optional(),
  State: z.string().optional(),
});

const routeTableSchema = z
  .object({
    VpcId: z.string(),
    Associations: z
      .array(z.object({ SubnetId: z.string().optional(), Main: z.boolean().default(false) }))
      .default([]),
    Routes: z.array(routeSchema).default([]),
  })
  .transform((it) => ({
    vpcId: it.VpcId,
    /** Whether the table is that of all subnets of the VPC without a table of their own. */
    isMain: it.Associations.some(({ Main }) => Main),
    subnetIds: it.Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
    reachesInternet: it.Routes.some(isInternetRoute),
  }));

/** Returns whether a route leads to every address through an internet gateway. Without its gateway, it is not active. */
function isInternetRoute(route: z.infer<typeof routeSchema>): boolean {
  return (
    route.DestinationCidrBlock === '0.0.0.0/0' &&
    route.GatewayId?.startsWith('igw-') === true &&
    route.State === 'active'
  );
}

/** Lists those of the subnets that have no route to an internet gateway, in which public addresses are useless. */
export async function listPrivateSubnets(ec2: EC2Client, subnets: Subnet[]): Promise<Subnet[]> {
  const vpcIds = [...new Set(subnets.map(({ vpcId }) => vpcId))];
  const tables = await listItems(
    'Cannot list the route tables',
    paginateDescribeRouteTables({ client: ec2 }, { Filters: [{ Name: 'vpc-id', Values: vpcIds }] }),
    ({ RouteTables }) => RouteTables,
    routeTableSchema,
  );
  return subnets.filter(({ id, vpcId }) => {
    const own = tables.find(({ subnetIds }) => subnetIds.includes(id));
    const table = own ?? tables.find((it) => it.isMain && it.vpcId === vpcId);
    return !table?.reachesInternet;
  });
}
