import {
  AttachVolumeCommand,
  CreateSnapshotCommand,
  type CreateSnapshotCommandInput,
  CreateTagsCommand,
  DetachVolumeCommand,
  type EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  type Tag,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Attachment } from '../../aws/ec2/volumes.ts';
import { findAwsError, toOperatorError } from '../../aws/errors.ts';
import { errorMessage } from '../../errors/error-message.ts';

/** The answer when AWS denies something for certain. */
export const NOT_ALLOWED = 'not allowed';

/** What would be asked for. */
export interface PlannedRequests {
  launch: RunInstancesCommandInput;
  attachment: Attachment;
  snapshot: CreateSnapshotCommandInput & { VolumeId: string };
  /** For the instance. */
  tag: Tag;
}

/** An action of EC2's, and whether it would be allowed, in words. */
export interface Permission {
  action: string;
  answer: string;
}

// What the policy allows for things with the warehouse's tag is denied for an instance that there is not.
const OF_INSTANCE = new Set(['AttachVolume', 'CreateTags', 'DetachVolume', 'TerminateInstances']);

/**
 * Asks AWS about everything that a run would change, and changes nothing. What would be done to the instance, which
 * there is not yet, AWS may not be able to tell.
 */
export function checkPermissions(ec2: EC2Client, planned: PlannedRequests): Promise<Permission[]> {
  const { VolumeId, InstanceId } = planned.attachment;
  const DryRun = true;
  const requests: Record<string, () => Promise<unknown>> = {
    RunInstances: () => ec2.send(new RunInstancesCommand({ ...planned.launch, DryRun })),
    AttachVolume: () => ec2.send(new AttachVolumeCommand({ ...planned.attachment, DryRun })),
    CreateTags: () =>
      ec2.send(new CreateTagsCommand({ Resources: [InstanceId], Tags: [planned.tag], DryRun })),
    DetachVolume: () => ec2.send(new DetachVolumeCommand({ VolumeId, DryRun })),
    CreateSnapshot: () => ec2.send(new CreateSnapshotCommand({ ...planned.snapshot, DryRun })),
    TerminateInstances: () =>
      ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId], DryRun })),
  };
  const asked = Object.entries(requests).map(async ([action, request]) => ({
    action,
    answer: await formatPermission(request, OF_INSTANCE.has(action)),
  }));
  return Promise.all(asked);
}

async function formatPermission(
  request: () => Promise<unknown>,
  isOfInstance: boolean,
): Promise<string> {
  try {
    await request();
    return 'AWS did it in place of answering';
  } catch (error) {
    const name = findAwsError(error)?.name;
    if (name === 'DryRunOperation') return 'allowed';
    if (name === 'UnauthorizedOperation') {
      return isOfInstance ? 'can be told only once there is an instance' : NOT_ALLOWED;
    }
    return `cannot be told yet: ${errorMessage(toOperatorError('asked', error))}`;
  }
}
