import {
  type AutoScalingClient,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import type { CloudContext } from '../context.ts';
import { explainReason } from '../stack/hints.ts';

const activitySchema = z.object({
  StartTime: z.date(),
  StatusCode: z.string(),
  StatusMessage: z.string().default('AWS returned no reason'),
});

/**
 * Returns AWS's reason why an Auto Scaling group could not launch an instance: `There is no Spot capacity available …`.
 * Returns null if the group's last activity has not failed, if it began before `since`, or if there was none.
 */
export async function findLaunchFailure(
  autoScaling: AutoScalingClient,
  groupName: string,
  since = new Date(0),
): Promise<string | null> {
  const request = autoScaling.send(
    new DescribeScalingActivitiesCommand({ AutoScalingGroupName: groupName, MaxRecords: 1 }),
  );
  const attempt = `Cannot read the activities of the Auto Scaling group ${groupName}`;
  const { Activities = [] } = await withAwsError(attempt, request);
  // AWS lists the newest activity first.
  const last = activitySchema.optional().parse(Activities[0]);
  if (!last || last.StartTime < since || last.StatusCode !== 'Failed') return null;
  return last.StatusMessage.replace(/\s+/g, ' ');
}

/** Returns a launch failure with this reason as sentences, and what to do about it. */
export function formatLaunchFailure(reason: string, cloud: CloudContext): string {
  return `An instance could not be launched, and AWS tries again: ${explainReason(reason, cloud)}`;
}
