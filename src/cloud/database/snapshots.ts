import {
  CreateDBSnapshotCommand,
  DescribeDBSnapshotsCommand,
  type DescribeDBSnapshotsCommandInput,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { z } from 'zod';
import { withAwsError, awsErrorName } from '../../aws/errors.ts';
import { type Tags, tagsSchema } from '../../aws/ec2/tags.ts';

/** A snapshot of a database as AWS describes it. */
export interface DatabaseSnapshot {
  id: string;
  /** `creating`, `available`, `failed` and others. */
  status: string;
  /** How much of it is written, 0 to 100. */
  percent: number;
  /** Of which database. */
  databaseId: string;
  /** `mysql` and others. */
  engine: string;
  /** Of the engine: `8.4.11`. */
  version: string;
  /** Of the database's storage. */
  sizeGib: number;
  isEncrypted: boolean;
  /** Null while AWS has not begun with it. */
  createdAt: Date | null;
  tags: Tags;
}

const snapshotAnswer = z
  .object({
    DBSnapshotIdentifier: z.string(),
    Status: z.string(),
    PercentProgress: z.number().default(0),
    DBInstanceIdentifier: z.string(),
    Engine: z.string(),
    EngineVersion: z.string().default(''),
    AllocatedStorage: z.number(),
    Encrypted: z.boolean().default(false),
    SnapshotCreateTime: z.date().optional(),
    TagList: tagsSchema,
  })
  .transform((it): DatabaseSnapshot => ({
    id: it.DBSnapshotIdentifier,
    status: it.Status,
    percent: it.PercentProgress,
    databaseId: it.DBInstanceIdentifier,
    engine: it.Engine,
    version: it.EngineVersion,
    sizeGib: it.AllocatedStorage,
    isEncrypted: it.Encrypted,
    createdAt: it.SnapshotCreateTime ?? null,
    tags: it.TagList,
  }));

const snapshotsAnswer = z.object({
  DBSnapshots: z.array(snapshotAnswer).default([]),
  Marker: z.string().optional(),
});

/** A snapshot; null when there is none of this id. */
export async function findSnapshot(rds: RDSClient, id: string): Promise<DatabaseSnapshot | null> {
  try {
    const [snapshot] = await list(rds, { DBSnapshotIdentifier: id });
    return snapshot ?? null;
  } catch (error) {
    if (awsErrorName(error)?.startsWith('DBSnapshotNotFound')) return null;
    throw error;
  }
}

/**
 * The snapshots that were taken by somebody's wish, or as the last of a database; not those of every day. The newest
 * first.
 * @param databaseId null for those of all databases, also of those that are gone
 */
export async function listSnapshots(
  rds: RDSClient,
  databaseId: string | null,
): Promise<DatabaseSnapshot[]> {
  const ofDatabase = databaseId === null ? {} : { DBInstanceIdentifier: databaseId };
  const snapshots = await list(rds, { SnapshotType: 'manual', ...ofDatabase });
  const time = ({ createdAt }: DatabaseSnapshot) => Number(createdAt ?? Infinity);
  return snapshots.toSorted((a, b) => time(b) - time(a));
}

async function list(
  rds: RDSClient,
  filter: DescribeDBSnapshotsCommandInput,
): Promise<DatabaseSnapshot[]> {
  const snapshots: DatabaseSnapshot[] = [];
  let marker: string | undefined;
  do {
    const request = rds.send(new DescribeDBSnapshotsCommand({ ...filter, Marker: marker }));
    const answer = snapshotsAnswer.parse(
      await withAwsError('Cannot look for snapshots of the database', request),
    );
    snapshots.push(...answer.DBSnapshots);
    marker = answer.Marker;
  } while (marker);
  return snapshots;
}

/**
 * Begins a snapshot of a database; AWS goes on with it by itself.
 * @returns false while the database does something else, such as a backup
 */
export async function createSnapshot(
  rds: RDSClient,
  databaseId: string,
  { id, tags }: { id: string; tags: Tags },
): Promise<boolean> {
  const request = new CreateDBSnapshotCommand({
    DBInstanceIdentifier: databaseId,
    DBSnapshotIdentifier: id,
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  });
  try {
    await withAwsError(`Cannot take a snapshot of ${databaseId}`, rds.send(request));
    return true;
  } catch (error) {
    const name = awsErrorName(error) ?? '';
    // asked for again, since the answer was lost
    if (name.startsWith('DBSnapshotAlreadyExists')) return true;
    if (name.startsWith('InvalidDBInstanceState')) return false;
    throw error;
  }
}
