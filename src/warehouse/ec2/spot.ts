import {
  DescribeSpotInstanceRequestsCommand,
  DescribeSpotPriceHistoryCommand,
  type EC2Client,
  type _InstanceType,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';

/**
 * Returns the status of a spot request, such as `fulfilled` or `marked-for-termination`, or null while there is none.
 */
export async function findSpotStatus(ec2: EC2Client, requestId: string): Promise<string | null> {
  const request = ec2.send(
    new DescribeSpotInstanceRequestsCommand({ SpotInstanceRequestIds: [requestId] }),
  );
  const response = await withAwsError(`Cannot read the spot request ${requestId}`, request);
  return response.SpotInstanceRequests?.[0]?.Status?.Code ?? null;
}

/** Returns the current price of a spot instance in dollars per hour, or null if AWS has none for this type and zone. */
export async function findSpotPrice(
  ec2: EC2Client,
  type: string,
  zone: string,
): Promise<number | null> {
  const request = ec2.send(
    new DescribeSpotPriceHistoryCommand({
      InstanceTypes: [type as _InstanceType],
      AvailabilityZone: zone,
      ProductDescriptions: ['Linux/UNIX'],
      // A history that starts now has one entry: the current price.
      StartTime: new Date(),
    }),
  );
  const response = await withAwsError('Cannot read the spot price', request);
  const price = response.SpotPriceHistory?.[0]?.SpotPrice;
  return price === undefined ? null : z.coerce.number().parse(price);
}
