import {
  CreateSnapshotCommand,
  type CreateSnapshotCommandInput,
  type DescribeSnapshotsCommandInput,
  EC2Client,
  type Filter,
  paginateDescribeSnapshots,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { nullIfNotFound, withAwsError } from '../errors.ts';
import { listItems } from '../pages.ts';
import { RUN_TAG, tagsSchema } from '../tags.ts';

const snapshotSchema = z
  .object({
    SnapshotId: z.string(),
    State: z.string(),
    Progress: z.string().default(''),
    VolumeId: z.string(),
    VolumeSize: z.number(),
    StartTime: z.date(),
    Tags: tagsSchema,
  })
  .transform((it) => ({
    id: it.SnapshotId,
    /** `pending`, `completed` or `error`. */
    state: it.State,
    /** The part that is written: `42%`. */
    progress: it.Progress,
    volumeId: it.VolumeId,
    /** The size of the volume. A snapshot stores, and costs, only the difference to the snapshot before it. */
    sizeGib: it.VolumeSize,
    startedAt: it.StartTime,
    /** The run that created the snapshot, or null. */
    runId: it.Tags[RUN_TAG] ?? null,
    tags: it.Tags,
  }));

/** A snapshot of an EBS volume. */
export type Snapshot = z.infer<typeof snapshotSchema>;

function describeSnapshots(ec2: EC2Client, attempt: string, input: DescribeSnapshotsCommandInput) {
  const pages = paginateDescribeSnapshots({ client: ec2 }, input);
  return listItems(attempt, pages, ({ Snapshots }) => Snapshots, snapshotSchema);
}

/**
 * Starts a snapshot of the volume's present state and returns its id. AWS completes it by itself. The request is sent
 * once, since it has no client token and AWS would create a snapshot for each attempt: after an error without a
 * response, there may be a snapshot.
 */
export async function createSnapshot(
  ec2: EC2Client,
  input: CreateSnapshotCommandInput & { VolumeId: string },
): Promise<string> {
  const attempt = `Cannot create a snapshot of ${input.VolumeId}`;
  // A client resolves these two itself.
  const { retryStrategy: _, serviceConfiguredEndpoint: __, ...config } = ec2.config;
  const once = new EC2Client({ ...config, maxAttempts: 1 });
  const response = await withAwsError(attempt, once.send(new CreateSnapshotCommand(input)));
  return z.string().parse(response.SnapshotId);
}

/** Returns a snapshot, or null if AWS does not know it, or does not know it yet. */
export async function findSnapshot(ec2: EC2Client, id: string): Promise<Snapshot | null> {
  const attempt = `Cannot read the snapshot ${id}`;
  const found = await nullIfNotFound(describeSnapshots(ec2, attempt, { SnapshotIds: [id] }));
  return found?.[0] ?? null;
}

/** Lists the account's own snapshots that match all filters, newest first. */
export async function listSnapshots(ec2: EC2Client, filters: Filter[]): Promise<Snapshot[]> {
  const input = { OwnerIds: ['self'], Filters: filters };
  const snapshots = await describeSnapshots(ec2, 'Cannot list the snapshots', input);
  return snapshots.toSorted((a, b) => Number(b.startedAt) - Number(a.startedAt));
}
