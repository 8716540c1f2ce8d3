import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  type DescribeVolumesCommandInput,
  DetachVolumeCommand,
  type EC2Client,
  type Filter,
  paginateDescribeVolumes,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { isAwsError, nullIfNotFound, withAwsError } from '../errors.ts';
import { listItems } from '../pages.ts';
import { tagsSchema } from '../tags.ts';

const volumeSchema = z
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
  .transform((it) => {
    const attachment = it.Attachments.find(({ State }) => State !== 'detached');
    return {
      id: it.VolumeId,
      /** `creating`, `available`, `in-use`, `deleting`, `deleted` or `error`. */
      state: it.State,
      zone: it.AvailabilityZone,
      sizeGib: it.Size,
      /** Such as `gp3`. */
      type: it.VolumeType,
      /**
       * I/O operations per second; null for a type without this setting. AWS returns a value for each type, but accepts
       * one only for these.
       */
      iops: ['gp3', 'io1', 'io2'].includes(it.VolumeType) ? (it.Iops ?? null) : null,
      /** MiB per second; null for a type without this setting. */
      throughput: it.VolumeType === 'gp3' ? (it.Throughput ?? null) : null,
      /** The id of the instance that the volume is attached to, or null. */
      attachedTo: attachment?.InstanceId ?? null,
      /** `attaching`, `attached`, `detaching` or `busy`; null without an attachment. */
      attachment: attachment?.State ?? null,
      tags: it.Tags,
    };
  });

/** An EBS volume. */
export type Volume = z.infer<typeof volumeSchema>;

function describeVolumes(ec2: EC2Client, attempt: string, input: DescribeVolumesCommandInput) {
  const pages = paginateDescribeVolumes({ client: ec2 }, input);
  return listItems(attempt, pages, ({ Volumes }) => Volumes, volumeSchema);
}

/** Returns a volume, or null if AWS does not know it, or does not know it yet. */
export async function findVolume(ec2: EC2Client, id: string): Promise<Volume | null> {
  const input = { VolumeIds: [id] };
  const found = await nullIfNotFound(describeVolumes(ec2, `Cannot read the volume ${id}`, input));
  return found?.[0] ?? null;
}

/** Lists the volumes that match all filters. */
export function listVolumes(ec2: EC2Client, filters: Filter[]): Promise<Volume[]> {
  return describeVolumes(ec2, 'Cannot list the volumes', { Filters: filters });
}

/** Creates a volume and returns its id. The volume is still `creating`. */
export async function createVolume(
  ec2: EC2Client,
  input: CreateVolumeCommandInput,
): Promise<string> {
  const request = ec2.send(new CreateVolumeCommand(input));
  const response = await withAwsError('Cannot create a volume', request);
  return z.string().parse(response.VolumeId);
}

/** The attachment of a volume to an instance, as a device of this name. */
export interface Attachment {
  VolumeId: string;
  InstanceId: string;
  Device: string;
}

/** Attaches a volume to an instance. The attachment is still `attaching`. */
export async function attachVolume(ec2: EC2Client, input: Attachment): Promise<void> {
  const attempt = `Cannot attach ${input.VolumeId} to ${input.InstanceId}`;
  await withAwsError(attempt, ec2.send(new AttachVolumeCommand(input)));
}

/**
 * Detaches a volume from this instance. The attachment may still be `detaching`. A volume that is attached to no
 * instance, or to another one, is left alone.
 */
export async function detachVolume(
  ec2: EC2Client,
  volumeId: string,
  instanceId: string,
): Promise<void> {
  const request = ec2.send(new DetachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId }));
  try {
    await withAwsError(`Cannot detach ${volumeId} from ${instanceId}`, request);
  } catch (error) {
    if (!isAwsError(error, 'IncorrectState', 'InvalidAttachment.NotFound')) throw error;
  }
}
