import {
  type AutoScalingClient,
  DescribeInstanceRefreshesCommand,
  StartInstanceRefreshCommand,
  type StartInstanceRefreshCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { z } from 'zod';
import { withAwsError, awsErrorName } from '../../aws/errors.ts';

/** A replacement of a group's instances, which AWS goes on with by itself. */
export interface InstanceRefresh {
  id: string;
  /** `Pending`, `InProgress`, `Successful`, `Failed`, `RollbackSuccessful` and others. */
  status: string;
  /** Why it is in this status, in AWS's words; null where it says nothing. */
  reason: string | null;
  percent: number;
  /** How many instances are still to be replaced; null where AWS does not say. */
  left: number | null;
  startedAt: Date | null;
  /** The version of the launch template that it brings; null where AWS does not say. */
  version: string | null;
}

const ENDED = new Set([
  'Successful',
  'Failed',
  'Cancelled',
  'RollbackSuccessful',
  'RollbackFailed',
]);

/** Whether it goes on no longer. */
export function hasEnded({ status }: InstanceRefresh): boolean {
  return ENDED.has(status);
}

const refreshAnswer = z
  .object({
    InstanceRefreshId: z.string(),
    Status: z.string(),
    StatusReason: z.string().optional(),
    PercentageComplete: z.number().default(0),
    InstancesToUpdate: z.number().optional(),
    StartTime: z.date().optional(),
    DesiredConfiguration: z
      .object({ LaunchTemplate: z.object({ Version: z.string().optional() }).optional() })
      .optional(),
  })
  .transform((it): InstanceRefresh => ({
    id: it.InstanceRefreshId,
    status: it.Status,
    reason: it.StatusReason || null,
    percent: it.PercentageComplete,
    left: it.InstancesToUpdate ?? null,
    startedAt: it.StartTime ?? null,
    version: it.DesiredConfiguration?.LaunchTemplate?.Version ?? null,
  }));

const refreshesAnswer = z.object({ InstanceRefreshes: z.array(refreshAnswer).default([]) });

/** A replacement; null when there is none of this id. */
export async function findRefresh(
  autoScaling: AutoScalingClient,
  groupName: string,
  id: string,
): Promise<InstanceRefresh | null> {
  const [refresh] = await list(autoScaling, { groupName, ids: [id] });
  return refresh ?? null;
}

/** The one that goes on, of which a group has one at most; null when none does. */
export async function findActiveRefresh(
  autoScaling: AutoScalingClient,
  groupName: string,
): Promise<InstanceRefresh | null> {
  // AWS lists those that go on first
  const refreshes = await list(autoScaling, { groupName });
  return refreshes.find((it) => !hasEnded(it)) ?? null;
}

async function list(
  autoScaling: AutoScalingClient,
  { groupName, ids }: { groupName: string; ids?: string[] },
): Promise<InstanceRefresh[]> {
  const request = autoScaling.send(
    new DescribeInstanceRefreshesCommand({
      AutoScalingGroupName: groupName,
      InstanceRefreshIds: ids,
    }),
  );
  const answer = await withAwsError('Cannot look how the instances are replaced', request);
  return refreshesAnswer.parse(answer).InstanceRefreshes;
}

/** Starts one; gives its id, or null when one goes on already, which may be this one: its answer may be lost. */
export async function startRefresh(
  autoScaling: AutoScalingClient,
  input: StartInstanceRefreshCommandInput,
): Promise<string | null> {
  const request = autoScaling.send(new StartInstanceRefreshCommand(input));
  try {
    const answer = await withAwsError('Cannot replace the instances', request);
    return z.object({ InstanceRefreshId: z.string() }).parse(answer).InstanceRefreshId;
  } catch (error) {
    if (awsErrorName(error)?.startsWith('InstanceRefreshInProgress')) return null;
    throw error;
  }
}
