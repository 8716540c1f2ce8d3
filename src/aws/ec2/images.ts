import {
  DescribeImagesCommand,
  DescribeInstanceTypesCommand,
  type EC2Client,
  type Filter,
  type _InstanceType,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError, awsErrorName, nullIfNotFound } from '../errors.ts';
import { type Tags, tagsSchema } from './tags.ts';

/** The volume that the instances of an image start from. */
export interface RootVolume {
  /** `/dev/xvda` and the like. */
  device: string;
  /** Null where the image does not say. */
  sizeGib: number | null;
}

/** An image as AWS describes it. */
export interface Image {
  id: string;
  name: string;
  /** `pending`, `available`, `failed` and others. */
  state: string;
  /** `x86_64` or `arm64`. */
  architecture: string;
  /** As AWS writes it, which sorts. */
  createdAt: string;
  root: RootVolume;
  /** The ids of the snapshots that it is made of. */
  snapshotIds: string[];
  tags: Tags;
}

const mappingAnswer = z.object({
  DeviceName: z.string(),
  Ebs: z
    .object({ VolumeSize: z.number().optional(), SnapshotId: z.string().optional() })
    .optional(),
});

const imageAnswer = z
  .object({
    ImageId: z.string(),
    Name: z.string().default(''),
    State: z.string(),
    Architecture: z.string(),
    CreationDate: z.string().default(''),
    RootDeviceName: z.string().default(''),
    BlockDeviceMappings: z.array(mappingAnswer).default([]),
    Tags: tagsSchema,
  })
  .transform((it): Image => {
    const device = it.RootDeviceName;
    const mapping = it.BlockDeviceMappings.find(({ DeviceName }) => DeviceName === device);
    return {
      id: it.ImageId,
      name: it.Name,
      state: it.State,
      architecture: it.Architecture,
      createdAt: it.CreationDate,
      root: { device, sizeGib: mapping?.Ebs?.VolumeSize ?? null },
      snapshotIds: it.BlockDeviceMappings.flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []),
      tags: it.Tags,
    };
  });

const imagesAnswer = z.object({ Images: z.array(imageAnswer).default([]) });

/** An image; null when there is none, or none for this account. */
export async function findImage(ec2: EC2Client, id: string): Promise<Image | null> {
  const request = ec2.send(new DescribeImagesCommand({ ImageIds: [id] }));
  const answer = await nullIfNotFound(withAwsError(`Cannot look at the image ${id}`, request));
  return imagesAnswer.parse(answer ?? {}).Images[0] ?? null;
}

/** Every image of an owner that these filters find. */
export async function listImages(
  ec2: EC2Client,
  owner: 'self' | 'amazon',
  filters: Filter[],
): Promise<Image[]> {
  const request = ec2.send(new DescribeImagesCommand({ Owners: [owner], Filters: filters }));
  return imagesAnswer.parse(await withAwsError('Cannot look for images', request)).Images;
}

/** A type of instance as AWS describes it. */
export interface InstanceType {
  /** Those that it runs: `x86_64`, `arm64`. */
  architectures: string[];
  /** `nitro`, `xen` for those before; null for one that is a whole machine. */
  hypervisor: string | null;
}

const typesAnswer = z.object({
  InstanceTypes: z.tuple([
    z.object({
      Hypervisor: z.string().optional(),
      ProcessorInfo: z.object({ SupportedArchitectures: z.array(z.string()) }),
    }),
  ]),
});

/** A type of instance; null when there is no such type here. */
export async function findInstanceType(ec2: EC2Client, type: string): Promise<InstanceType | null> {
  const request = ec2.send(
    new DescribeInstanceTypesCommand({ InstanceTypes: [type as _InstanceType] }),
  );
  try {
    const answer = typesAnswer.parse(
      await withAwsError(`Cannot look at the type ${type}`, request),
    );
    const [{ Hypervisor, ProcessorInfo }] = answer.InstanceTypes;
    return {
      architectures: ProcessorInfo.SupportedArchitectures,
      hypervisor: Hypervisor ?? null,
    };
  } catch (error) {
    if (awsErrorName(error) === 'InvalidInstanceType') return null;
    throw error;
  }
}
