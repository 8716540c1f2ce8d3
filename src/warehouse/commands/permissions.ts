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

/** The `answer` for an action that AWS denies. */
export const NOT_ALLOWED = 'not allowed';

/** The requests of a run of the warehouse that need a permission. */
export interface PlannedRequests {
  launch: RunInstancesCommandInput;
  attachment: Attachment;
  snapshot: CreateSnapshotCommandInput & { VolumeId: string };
  /** The tag of the instance. */
  tag: Tag;
}

/** An action of EC2, and the result of its dry run as text for the operator. */
export interface Permission {
  action: string;
  answer: string;
}

// The policy allows these actions on instances with the warehouse's tag. A dry run names an instance that does not
// exist, so AWS denies the action even if the policy allows it later.
const INSTANCE_ACTIONS = new Set([
  'AttachVolume',
  'CreateTags',
  'DetachVolume',
  'TerminateInstances',
]);

/**
 * Sends each request with `DryRun`, so that AWS checks the permission and changes nothing. The answer for an action on
 * the instance may be unknown.
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
  const permissions = Object.entries(requests).map(async ([action, request]) => ({
    action,
    answer: await formatPermission(request, INSTANCE_ACTIONS.has(action)),
  }));
  return Promise.all(permissions);
}

async function formatPermission(
  request: () => Promise<unknown>,
  isOfInstance: boolean,
): Promise<string> {
  try {
    await request();
    return 'AWS ignored the dry run and carried out the action';
  } catch (error) {
    const name = findAwsError(error)?.name;
    if (name === 'DryRunOperation') return 'allowed';
    if (name === 'UnauthorizedOperation') {
      return isOfInstance ? 'unknown until the instance exists' : NOT_ALLOWED;
    }
    return `unknown: ${errorMessage(toOperatorError('The dry run failed', error))}`;
  }
}
