import {
  type AutoScalingClient,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';

const activitiesAnswer = z.object({
  Activities: z
    .array(
      z.object({
        StartTime: z.date(),
        StatusCode: z.string(),
        StatusMessage: z.string().optional(),
      }),
    )
    .default([]),
});

/**
 * Why a group could not start an instance, in AWS's words: `There is no Spot capacity available …`. Null when the
 * last that it did since then, or is doing, went well.
 */
export async function findLaunchFailure(
  autoScaling: AutoScalingClient,
  groupName: string,
  since: Date,
): Promise<string | null> {
  const request = autoScaling.send(
    new DescribeScalingActivitiesCommand({ AutoScalingGroupName: groupName, MaxRecords: 1 }),
  );
  const answer = await withAwsError(`Cannot look at what the group ${groupName} does`, request);
  // the newest comes first
  const [last] = activitiesAnswer.parse(answer).Activities;
  if (!last || last.StartTime < since || last.StatusCode !== 'Failed') return null;
  return last.StatusMessage?.replace(/\s+/g, ' ') ?? 'it does not say why';
}
