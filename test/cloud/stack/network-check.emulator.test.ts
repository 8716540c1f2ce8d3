import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeRouteTablesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { assertNetworkUsable } from '../../../src/cloud/stack/network-check.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';

/** Creates a VPC whose subnets in two zones use its main route table, which leads to an internet gateway. */
async function createNetwork() {
  const account = await openEmulatedAccount();
  const ec2 = createEc2();
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }));
  const VpcId = Vpc?.VpcId ?? '';
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand());
  const GatewayId = InternetGateway?.InternetGatewayId ?? '';
  await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: GatewayId }));
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }),
  );
  const RouteTableId = RouteTables?.[0]?.RouteTableId;
  const internet = { DestinationCidrBlock: '0.0.0.0/0', GatewayId };
  await ec2.send(new CreateRouteCommand({ RouteTableId, ...internet }));
  const createSubnet = async (zone: string, block: number) => {
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({
        VpcId,
        AvailabilityZone: `us-east-1${zone}`,
        CidrBlock: `10.1.${block}.0/24`,
      }),
    );
    return Subnet?.SubnetId ?? '';
  };
  const subnets = [await createSubnet('a', 0), await createSubnet('b', 1)];
  /** Returns `done`, or the message of the error for these subnets. */
  const check = (ids = subnets, changes = {}) =>
    assertNetworkUsable(ec2, {
      VpcId,
      SubnetIds: ids.join(),
      InstanceTypes: 't3.micro',
      ...changes,
    }).then(() => 'done', errorMessage);
  return { account, ec2, VpcId, subnets, createSubnet, check };
}

test('subnets of an own VPC with a route to an internet gateway are usable, and need not assign addresses', async () => {
  const { check } = await createNetwork();
  expect(await check()).toBe('done');
});

test('a subnet with a route table without an internet gateway is refused', async () => {
  const { ec2, VpcId, subnets, check } = await createNetwork();
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  await ec2.send(
    new AssociateRouteTableCommand({
      RouteTableId: RouteTable?.RouteTableId,
      SubnetId: subnets[1],
    }),
  );
  expect(await check()).toBe(
    'Nothing was started. Fix this, then run the command again:\n' +
      `  The subnet ${subnets[1]} has no route to an internet gateway. The load balancer and the instances need public subnets.`,
  );
});

test('subnets whose internet gateway is detached are refused', async () => {
  const { account, subnets, check } = await createNetwork();
  account.stub('ec2:DescribeRouteTables', async (_, pass) => {
    const { body, ...answer } = await pass();
    const blackhole = String(body).replaceAll(
      /(<gatewayId>igw-[^<]*<\/gatewayId>[^]*?<state>)active/g,
      '$1blackhole',
    );
    return { ...answer, body: blackhole };
  });
  const message = await check();
  for (const id of subnets) expect(message).toContain(`${id} has no route to an internet gateway`);
});

test('subnets of one zone or of another VPC, and types that a zone does not offer, are refused together', async () => {
  const { account, subnets, createSubnet, check } = await createNetwork();
  const other = await createSubnet('a', 2);
  account.stub('ec2:DescribeInstanceTypeOfferings', () => ({
    status: 200,
    body: '<R><instanceTypeOfferingSet><item><location>us-east-1b</location></item></instanceTypeOfferingSet></R>',
  }));
  const message = await check([subnets[0] ?? '', other], { VpcId: 'vpc-2' });
  expect(message).toMatch(/The subnet subnet-\w+ is in vpc-\w+, not in vpc-2\./);
  expect(message).toContain(
    'All SubnetIds are in us-east-1a. The load balancer needs subnets in two zones.',
  );
  expect(message).toContain(
    'AWS does not offer t3.micro in us-east-1a. Set other InstanceTypes or SubnetIds.',
  );
});

test('a subnet that does not exist is refused', async () => {
  const { check } = await createNetwork();
  expect(await check(['subnet-2'])).toBe('There is no subnet subnet-2 in this region.');
});
