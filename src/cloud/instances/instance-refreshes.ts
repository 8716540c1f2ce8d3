import {
  type AutoScalingClient,
  DescribeInstanceRefreshesCommand,
  StartInstanceRefreshCommand,
  type StartInstanceRefreshCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { z } from 'zod';
import { nullIfAwsError, withAwsError } from '../../aws/errors.ts';

const ENDED = new Set([
  'Successful',
  'Failed',
  'Cancelled',
  'RollbackSuccessful',
  'RollbackFailed',
]);

/** Returns whether an instance refresh has ended. */
export function hasEnded({ status }: InstanceRefresh): boolean {
  return ENDED.has(status);
}

const specificationSchema = z.object({ Version: z.string().optional() });

const configurationSchema = z
  .object({
    LaunchTemplate: specificationSchema.optional(),
    MixedInstancesPolicy: z
      .object({ LaunchTemplate: z.object({ LaunchTemplateSpecification: specificationSchema }) })
      .optional(),
  })
  .transform(
    (it) =>
      it.MixedInstancesPolicy?.LaunchTemplate.LaunchTemplateSpecification ?? it.LaunchTemplate,
  );

const refreshSchema = z
  .object({
    InstanceRefreshId: z.string(),
    Status: z.string(),
    StatusReason: z.string().optional(),
    PercentageComplete: z.number().default(0),
    InstancesToUpdate: z.number().optional(),
    StartTime: z.date().optional(),
    DesiredConfiguration: configurationSchema.optional(),
  })
  .transform((it) => ({
    id: it.InstanceRefreshId,
    /** `Pending`, `InProgress`, `Successful`, `Failed`, `RollbackSuccessful` and others. */
    status: it.Status,
    /** AWS's reason for the status, or null. */
    reason: it.StatusReason || null,
    percent: it.PercentageComplete,
    /** The number of instances that are not replaced yet, or null if AWS does not know it. */
    remaining: it.InstancesToUpdate ?? null,
    startedAt: it.StartTime ?? null,
    /** The version of the launch template that the refresh rolls out, or null if AWS does not return it. */
    version: it.DesiredConfiguration?.Version ?? null,
  }));

/** An instance refresh: AWS replaces the instances of an Auto Scaling group by itself. */
export type InstanceRefresh = z.infer<typeof refreshSchema>;

/** Returns an instance refresh, or null if there is none of this id. */
export async function findRefresh(
  autoScaling: AutoScalingClient,
  groupName: string,
  id: string,
): Promise<InstanceRefresh | null> {
  const [refresh] = await listRefreshes(autoScaling, groupName, [id]);
  return refresh ?? null;
}

/** Returns the instance refresh of a group that has not ended, or null. A group has one at most. */
export async function findActiveRefresh(
  autoScaling: AutoScalingClient,
  groupName: string,
): Promise<InstanceRefresh | null> {
  const refreshes = await listRefreshes(autoScaling, groupName);
  return refreshes.find((it) => !hasEnded(it)) ?? null;
}

/**
 * Lists the instance refreshes of the first page, newest first. AWS lists an active refresh first, and forgets a refresh
 * after six weeks.
 */
export async function listRefreshes(
  autoScaling: AutoScalingClient,
  groupName: string,
  ids?: string[],
): Promise<InstanceRefresh[]> {
  const request = autoScaling.send(
    new DescribeInstanceRefreshesCommand({
      AutoScalingGroupName: groupName,
      InstanceRefreshIds: ids,
    }),
  );
  const response = await withAwsError('Cannot read the instance refreshes', request);
  return z.array(refreshSchema).parse(response.InstanceRefreshes ?? []);
}

/**
 * Starts an instance refresh and returns its id.
 * @returns null when a refresh is active already. It may be from an earlier attempt whose response was lost.
 */
export async function startRefresh(
  autoScaling: AutoScalingClient,
  input: StartInstanceRefreshCommandInput,
): Promise<string | null> {
  const request = autoScaling.send(new StartInstanceRefreshCommand(input));
  const response = await nullIfAwsError(
    'InstanceRefreshInProgress',
    withAwsError('Cannot start an instance refresh', request),
  );
  return response && z.string().parse(response.InstanceRefreshId);
}
