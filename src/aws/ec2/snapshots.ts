import {
  CreateSnapshotCommand,
  type CreateSnapshotCommandInput,
  DescribeSnapshotsCommand,
  EC2Client,
  type Filter,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError, nullIfNotFound } from '../errors.ts';
import { RUN_TAG, type Tags, tagsSchema } from './tags.ts';

/** A snapshot as AWS describes it. */
export interface Snapshot {
  id: string;
  /** `pending`, `completed` or `error`. */
  state: string;
  /** How much of it is written, as AWS says it: `42%`. */
  progress: string;
  volumeId: string;
  /** Of the volume; a snapshot holds, and costs, only what differs from the one before. */
  sizeGib: number;
  startedAt: Date;
  /** The run that took it; null for a stranger's. */
  runId: string | null;
  tags: Tags;
}

const snapshotAnswer = z
  .object({
    SnapshotId: z.string(),
    State: z.string(),
    Progress: z.string().default(''),
    VolumeId: z.string(),
    VolumeSize: z.number(),
    StartTime: z.date(),
    Tags: tagsSchema,
  })
  .transform((it): Snapshot => ({
    id: it.SnapshotId,
    state: it.State,
    progress: it.Progress,
    volumeId: it.VolumeId,
    sizeGib: it.VolumeSize,
    startedAt: it.StartTime,
    runId: it.Tags[RUN_TAG] ?? null,
    tags: it.Tags,
  }));

const snapshotsAnswer = z.object({ Snapshots: z.array(snapshotAnswer).default([]) });

/**
 * Begins a snapshot, which AWS goes on with by itself; it holds the volume as it is at this moment. It is asked for
 * once, since AWS would take another each time: when there is no answer, there may be one all the same.
 */
export async function createSnapshot(
  ec2: EC2Client,
  input: CreateSnapshotCommandInput & { VolumeId: string },
): Promise<string> {
  const attempt = `Cannot take a snapshot of ${input.VolumeId}`;
  // which a client finds for itself
  const { retryStrategy: _, serviceConfiguredEndpoint: __, ...config } = ec2.config;
  const once = new EC2Client({ ...config, maxAttempts: 1 });
  const answer = await withAwsError(attempt, once.send(new CreateSnapshotCommand(input)));
  return z.object({ SnapshotId: z.string() }).parse(answer).SnapshotId;
}

/** A snapshot; null when there is none, or when it is so new that AWS does not know it yet. */
export async function findSnapshot(ec2: EC2Client, id: string): Promise<Snapshot | null> {
  const request = ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }));
  const answer = await nullIfNotFound(withAwsError(`Cannot look at the snapshot ${id}`, request));
  return snapshotsAnswer.parse(answer ?? {}).Snapshots[0] ?? null;
}

/** Every snapshot of this account's that these filters find, the newest first. */
export async function listSnapshots(ec2: EC2Client, filters: Filter[]): Promise<Snapshot[]> {
  const request = ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: filters }));
  const { Snapshots } = snapshotsAnswer.parse(
    await withAwsError('Cannot look for snapshots', request),
  );
  return Snapshots.toSorted((a, b) => Number(b.startedAt) - Number(a.startedAt));
}
