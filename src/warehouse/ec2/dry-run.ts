import {
  AttachVolumeCommand,
  CreateSnapshotCommand,
  type CreateSnapshotCommandInput,
  CreateTagsCommand,
  DetachVolumeCommand,
  type EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { awsErrorName, explainAws } from '../../aws/failures.ts';
import { messageOf } from '../../errors.ts';
import type { Attachment } from './volumes.ts';

/** What would be asked for. */
export interface Planned {
  launch: RunInstancesCommandInput;
  attachment: Attachment;
  snapshot: CreateSnapshotCommandInput & { VolumeId: string };
}

/** An action of EC2's, and whether it would be allowed, in words. */
export interface Permission {
  action: string;
  answer: string;
}

/** Asks AWS about everything that a run would change, and changes nothing. */
export function askPermissions(ec2: EC2Client, planned: Planned): Promise<Permission[]> {
  const { VolumeId, InstanceId } = planned.attachment;
  const DryRun = true;
  const requests: Record<string, () => Promise<unknown>> = {
    RunInstances: () => ec2.send(new RunInstancesCommand({ ...planned.launch, DryRun })),
    AttachVolume: () => ec2.send(new AttachVolumeCommand({ ...planned.attachment, DryRun })),
    CreateTags: () =>
      ec2.send(new CreateTagsCommand({ Resources: [InstanceId], Tags: [], DryRun })),
    DetachVolume: () => ec2.send(new DetachVolumeCommand({ VolumeId, InstanceId, DryRun })),
    CreateSnapshot: () => ec2.send(new CreateSnapshotCommand({ ...planned.snapshot, DryRun })),
    TerminateInstances: () =>
      ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId], DryRun })),
  };
  const asked = Object.entries(requests).map(async ([action, request]) => ({
    action,
    answer: await wordFor(request),
  }));
  return Promise.all(asked);
}

async function wordFor(request: () => Promise<unknown>): Promise<string> {
  try {
    await request();
    return 'AWS did it in place of answering';
  } catch (error) {
    const name = awsErrorName(error);
    if (name === 'DryRunOperation') return 'allowed';
    if (name === 'UnauthorizedOperation') return 'not allowed';
    return `cannot be told yet: ${messageOf(explainAws('asked', error))}`;
  }
}
