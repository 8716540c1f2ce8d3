import {
  type DescribeImagesCommandInput,
  type EC2Client,
  type Filter,
  paginateDescribeImages,
  paginateDescribeInstanceTypes,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { nullIfNotFound } from '../errors.ts';
import { listItems } from '../pages.ts';
import { tagsSchema } from '../tags.ts';

const mappingSchema = z.object({
  DeviceName: z.string(),
  Ebs: z
    .object({ VolumeSize: z.number().optional(), SnapshotId: z.string().optional() })
    .optional(),
});

const imageSchema = z
  .object({
    ImageId: z.string(),
    Name: z.string().default(''),
    State: z.string(),
    Architecture: z.string(),
    CreationDate: z.string().default(''),
    RootDeviceName: z.string().default(''),
    BlockDeviceMappings: z.array(mappingSchema).default([]),
    Tags: tagsSchema,
  })
  .transform((it) => {
    const device = it.RootDeviceName;
    const mapping = it.BlockDeviceMappings.find(({ DeviceName }) => DeviceName === device);
    return {
      id: it.ImageId,
      name: it.Name,
      /** `pending`, `available`, `failed` and others. */
      state: it.State,
      /** `x86_64` or `arm64`. */
      architecture: it.Architecture,
      /** An ISO 8601 string. */
      createdAt: it.CreationDate,
      /** The root volume: a device name such as `/dev/xvda`, and a size that is null if the image has none. */
      root: { device, sizeGib: mapping?.Ebs?.VolumeSize ?? null },
      snapshotIds: it.BlockDeviceMappings.flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []),
      tags: it.Tags,
    };
  });

/** A machine image (AMI). */
export type Image = z.infer<typeof imageSchema>;

function describeImages(ec2: EC2Client, attempt: string, input: DescribeImagesCommandInput) {
  const pages = paginateDescribeImages({ client: ec2 }, input);
  return listItems(attempt, pages, ({ Images }) => Images, imageSchema);
}

/** Returns an image, or null if there is none, or none that this account may use. */
export async function findImage(ec2: EC2Client, id: string): Promise<Image | null> {
  const attempt = `Cannot read the image ${id}`;
  const found = await nullIfNotFound(describeImages(ec2, attempt, { ImageIds: [id] }));
  return found?.[0] ?? null;
}

/** Lists the images of an owner that match all filters. */
export function listImages(
  ec2: EC2Client,
  owner: 'self' | 'amazon',
  filters: Filter[],
): Promise<Image[]> {
  const input = { Owners: [owner], Filters: filters };
  return describeImages(ec2, 'Cannot list the images', input);
}

const instanceTypeSchema = z
  .object({
    InstanceType: z.string(),
    BurstablePerformanceSupported: z.boolean().default(false),
    Hypervisor: z.string().optional(),
    MemoryInfo: z.object({ SizeInMiB: z.number() }),
    ProcessorInfo: z.object({ SupportedArchitectures: z.array(z.string()) }),
    VCpuInfo: z.object({ DefaultVCpus: z.number() }),
  })
  .transform((it) => ({
    name: it.InstanceType,
    /** `x86_64`, `arm64` and others. */
    architectures: it.ProcessorInfo.SupportedArchitectures,
    /** `nitro` or `xen`; null for bare metal. */
    hypervisor: it.Hypervisor ?? null,
    /** Whether instances spend CPU credits, as those of `t3` and `t4g` do. */
    isBurstable: it.BurstablePerformanceSupported,
    memoryMib: it.MemoryInfo.SizeInMiB,
    /** The number of virtual processors, which AWS's quotas count. */
    processors: it.VCpuInfo.DefaultVCpus,
  }));

/** An instance type, such as `t3.micro`. */
export type InstanceType = z.infer<typeof instanceTypeSchema>;

/** Lists the instance types of these names that the region has, in the order of the names. */
export async function listInstanceTypes(ec2: EC2Client, names: string[]): Promise<InstanceType[]> {
  const types = await listItems(
    `Cannot read the instance types ${names.join(', ')}`,
    paginateDescribeInstanceTypes(
      { client: ec2 },
      // With these names in place of a filter, AWS refuses the request if one of them is unknown.
      { Filters: [{ Name: 'instance-type', Values: names }] },
    ),
    ({ InstanceTypes }) => InstanceTypes,
    instanceTypeSchema,
  );
  return types.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

/** Returns an instance type, or null if this region has none of this name. */
export async function findInstanceType(ec2: EC2Client, name: string): Promise<InstanceType | null> {
  return (await listInstanceTypes(ec2, [name]))[0] ?? null;
}
