import {
  CreateDBSnapshotCommand,
  type DescribeDBSnapshotsCommandInput,
  paginateDescribeDBSnapshots,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { z } from 'zod';
import { type Tags, tagsSchema, toTagList } from '../../aws/tags.ts';
import { isAwsError, nullIfAwsError, withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import { STACK_TAG } from '../stack/stack.ts';

const snapshotSchema = z
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
  .transform((it) => ({
    id: it.DBSnapshotIdentifier,
    /** `creating`, `available`, `failed` and others. */
    status: it.Status,
    /** The progress in percent, 0 to 100. */
    percent: it.PercentProgress,
    databaseId: it.DBInstanceIdentifier,
    /** `mysql` and others. */
    engine: it.Engine,
    /** The version of the engine: `8.4.11`. */
    version: it.EngineVersion,
    /** The size of the database's allocated storage. */
    sizeGib: it.AllocatedStorage,
    isEncrypted: it.Encrypted,
    /** Null until AWS has started the snapshot. */
    createdAt: it.SnapshotCreateTime ?? null,
    tags: it.TagList,
  }));

/** A snapshot of an RDS database. */
export type DatabaseSnapshot = z.infer<typeof snapshotSchema>;

function describeDatabaseSnapshots(rds: RDSClient, input: DescribeDBSnapshotsCommandInput) {
  return listItems(
    'Cannot list the snapshots of databases',
    paginateDescribeDBSnapshots({ client: rds }, input),
    ({ DBSnapshots }) => DBSnapshots,
    snapshotSchema,
  );
}

/** Returns a snapshot, or null if there is none of this id. */
export async function findDatabaseSnapshot(
  rds: RDSClient,
  id: string,
): Promise<DatabaseSnapshot | null> {
  const request = describeDatabaseSnapshots(rds, { DBSnapshotIdentifier: id });
  const found = await nullIfAwsError('DBSnapshotNotFound', request);
  return found?.[0] ?? null;
}

/** `manual`: an operator or a deleted stack has created the snapshot. `automated`: RDS has, as the daily backup. */
export type SnapshotType = 'manual' | 'automated';

/**
 * Lists the snapshots of a type, newest first.
 * @param databaseId null for the snapshots of all databases, also of deleted databases
 */
export async function listDatabaseSnapshots(
  rds: RDSClient,
  databaseId: string | null,
  type: SnapshotType = 'manual',
): Promise<DatabaseSnapshot[]> {
  const filter = databaseId === null ? {} : { DBInstanceIdentifier: databaseId };
  const snapshots = await describeDatabaseSnapshots(rds, { SnapshotType: type, ...filter });
  const time = ({ createdAt }: DatabaseSnapshot) => Number(createdAt ?? Infinity);
  return snapshots.toSorted((a, b) => time(b) - time(a));
}

/** Lists the snapshots of a type of a stack's databases, deleted databases included, newest first. */
export async function listStackSnapshots(
  rds: RDSClient,
  stackName: string,
  type: SnapshotType = 'manual',
): Promise<DatabaseSnapshot[]> {
  const snapshots = await listDatabaseSnapshots(rds, null, type);
  return snapshots.filter(({ tags }) => tags[STACK_TAG] === stackName);
}

/**
 * Starts a snapshot of a database. AWS completes it by itself. Idempotent by its id.
 * @returns false while the database is busy, for example with a backup
 */
export async function createDatabaseSnapshot(
  rds: RDSClient,
  databaseId: string,
  { id, tags }: { id: string; tags: Tags },
): Promise<boolean> {
  const request = new CreateDBSnapshotCommand({
    DBInstanceIdentifier: databaseId,
    DBSnapshotIdentifier: id,
    Tags: toTagList(tags),
  });
  try {
    await withAwsError(`Cannot create a snapshot of ${databaseId}`, rds.send(request));
    return true;
  } catch (error) {
    // Ids have the time and a random part, so this snapshot is from an earlier attempt whose response was lost.
    if (isAwsError(error, 'DBSnapshotAlreadyExists')) return true;
    if (isAwsError(error, 'InvalidDBInstanceState')) return false;
    throw error;
  }
}
