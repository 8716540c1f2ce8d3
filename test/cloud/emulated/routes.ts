import type { AwsStub } from '../../support/aws-stub.ts';

const INTERNET =
  '<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-1</gatewayId><state>active</state></item>';

/** Adds the route to an internet gateway, which moto's default VPC lacks, to each route table. */
export function emulateRoutes(account: AwsStub): void {
  account.stub('ec2:DescribeRouteTables', async (_, pass) => {
    const { body, ...answer } = await pass();
    const withRoute = String(body).replaceAll('<routeSet>', `<routeSet>${INTERNET}`);
    return { ...answer, body: withRoute };
  });
}
