import {
  DescribeSpotInstanceRequestsCommand,
  DescribeSpotPriceHistoryCommand,
  type EC2Client,
  type _InstanceType,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError } from '../errors.ts';

const requestsAnswer = z.object({
  SpotInstanceRequests: z.array(z.object({ Status: z.object({ Code: z.string() }) })).default([]),
});

/** What AWS says of a request for a spot instance: `fulfilled`, `marked-for-termination`; null for nothing yet. */
export async function findSpotStatus(ec2: EC2Client, requestId: string): Promise<string | null> {
  const request = ec2.send(
    new DescribeSpotInstanceRequestsCommand({ SpotInstanceRequestIds: [requestId] }),
  );
  const answer = requestsAnswer.parse(
    await withAwsError('Cannot look at the spot request', request),
  );
  return answer.SpotInstanceRequests[0]?.Status.Code ?? null;
}

const pricesAnswer = z.object({
  SpotPriceHistory: z.array(z.object({ SpotPrice: z.coerce.number() })).default([]),
});

/** What a spot instance of a type costs now, in dollars an hour; null where AWS does not say. */
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
      // from now on: the price that holds
      StartTime: new Date(),
    }),
  );
  const { SpotPriceHistory } = pricesAnswer.parse(
    await withAwsError('Cannot ask for prices', request),
  );
  return SpotPriceHistory[0]?.SpotPrice ?? null;
}
