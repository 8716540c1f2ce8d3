import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  type EC2Client,
  type Filter,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError, awsErrorName, nullIfNotFound } from '../errors.ts';
import { type Tags, tagsSchema } from './tags.ts';

/** A volume as AWS describes it. */
export interface Volume {
  id: string;
  /** `creating`, `available`, `in-use`, `deleting`, `deleted` or `error`. */
  state: string;
  zone: string;
  sizeGib: number;
  /** `gp3` and the like. */
  type: string;
  /** Operations a second; null where its type has no such setting. */
  iops: number | null;
  /** MiB a second; null where its type has no such setting. */
  throughput: number | null;
  /** The instance that has it; null when none has. */
  attachedTo: string | null;
  /** `attaching`, `attached`, `detaching` or `busy`; null when no instance has it. */
  attachment: string | null;
  tags: Tags;
}

const volumeAnswer = z
  .object({
    VolumeId: z.string(),
    State: z.string(),
    AvailabilityZone: z.string(),
    Size: z.number(),
    VolumeType: z.string(),
    Iops: z.number().optional(),
    Throughput: z.number().optional(),
    Attachments: z.array(z.object({ InstanceId: z.string(), State: z.string() })).default([]),
    Tags: tagsSchema,
  })
  .transform((it): Volume => {
    const attachment = it.Attachments.find(({ State }) => State !== 'detached');
    return {
      id: it.VolumeId,
      state: it.State,
      zone: it.AvailabilityZone,
      sizeGib: it.Size,
      type: it.VolumeType,
      // of others AWS says what it comes to, and takes no wish
      iops: ['gp3', 'io1', 'io2'].includes(it.VolumeType) ? (it.Iops ?? null) : null,
      throughput: it.VolumeType === 'gp3' ? (it.Throughput ?? null) : null,
      attachedTo: attachment?.InstanceId ?? null,
      attachment: attachment?.State ?? null,
      tags: it.Tags,
    };
  });

const volumesAnswer = z.object({ Volumes: z.array(volumeAnswer).default([]) });

/** A volume; null when there is none, or when it is so new that AWS does not know it yet. */
export async function findVolume(ec2: EC2Client, id: string): Promise<Volume | null> {
  const request = ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  const answer = await nullIfNotFound(withAwsError(`Cannot look at the volume ${id}`, request));
  return volumesAnswer.parse(answer ?? {}).Volumes[0] ?? null;
}

/** Every volume that these filters find. */
export async function listVolumes(ec2: EC2Client, filters: Filter[]): Promise<Volume[]> {
  const request = ec2.send(new DescribeVolumesCommand({ Filters: filters }));
  return volumesAnswer.parse(await withAwsError('Cannot look for volumes', request)).Volumes;
}

/** Makes a volume; it is still `creating` then. */
export async function createVolume(
  ec2: EC2Client,
  input: CreateVolumeCommandInput,
): Promise<string> {
  const answer = await withAwsError(
    'Cannot create a volume',
    ec2.send(new CreateVolumeCommand(input)),
  );
  return z.object({ VolumeId: z.string() }).parse(answer).VolumeId;
}

/** Which volume is given to which instance, under which name. */
export interface Attachment {
  VolumeId: string;
  InstanceId: string;
  Device: string;
}

/** Gives a volume to an instance; it is still `attaching` then. */
export async function attachVolume(ec2: EC2Client, input: Attachment): Promise<void> {
  const attempt = `Cannot attach ${input.VolumeId} to ${input.InstanceId}`;
  await withAwsError(attempt, ec2.send(new AttachVolumeCommand(input)));
}

/** Takes a volume from this instance, if that has it, and from no other; it may still be `detaching` then. */
export async function detachVolume(
  ec2: EC2Client,
  volumeId: string,
  instanceId: string,
): Promise<void> {
  const request = ec2.send(new DetachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId }));
  try {
    await withAwsError(`Cannot detach ${volumeId} from ${instanceId}`, request);
  } catch (error) {
    // it is with no instance, or with another
    const ALREADY = ['IncorrectState', 'InvalidAttachment.NotFound'];
    if (!ALREADY.includes(awsErrorName(error) ?? '')) throw error;
  }
}
