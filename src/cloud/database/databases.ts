import { paginateDescribeDBInstances, type RDSClient } from '@aws-sdk/client-rds';
import { z } from 'zod';
import { tagsSchema } from '../../aws/tags.ts';
import { listItems } from '../../aws/pages.ts';
import { STACK_TAG } from '../stack/stack.ts';

const databaseSchema = z
  .object({
    DBInstanceIdentifier: z.string(),
    DBInstanceStatus: z.string(),
    DBInstanceClass: z.string(),
    EngineVersion: z.string().default(''),
    AllocatedStorage: z.number(),
    MaxAllocatedStorage: z.number().optional(),
    MultiAZ: z.boolean().default(false),
    BackupRetentionPeriod: z.number().default(0),
    DeletionProtection: z.boolean().default(false),
    ReadReplicaSourceDBInstanceIdentifier: z.string().optional(),
    Endpoint: z.object({ Address: z.string().optional() }).optional(),
    TagList: tagsSchema,
  })
  .transform((it) => ({
    id: it.DBInstanceIdentifier,
    /** `available`, `creating`, `deleting` and many others. */
    status: it.DBInstanceStatus,
    /** Such as `db.t4g.micro`. */
    class: it.DBInstanceClass,
    /** Such as `8.4.11`. */
    version: it.EngineVersion,
    sizeGib: it.AllocatedStorage,
    /** The size to which RDS increases the storage, or null if it does not. */
    maxGib: it.MaxAllocatedStorage ?? null,
    isMultiAz: it.MultiAZ,
    /** How many days AWS retains the daily backups. */
    backupDays: it.BackupRetentionPeriod,
    /** Whether AWS refuses to delete the database. */
    isProtected: it.DeletionProtection,
    /** The id of the database of which this one is a read replica, or null. */
    sourceId: it.ReadReplicaSourceDBInstanceIdentifier || null,
    /** The host name, or null while there is none. */
    endpoint: it.Endpoint?.Address ?? null,
    tags: it.TagList,
  }));

/** A database instance of RDS. */
export type DatabaseInstance = z.infer<typeof databaseSchema>;

/**
 * Lists the databases of a stack by their tag, whatever the stack's status: one, or two while one replaces the other,
 * and their read replicas.
 */
export async function listDatabases(
  rds: RDSClient,
  stackName: string,
): Promise<DatabaseInstance[]> {
  const databases = await listItems(
    'Cannot list the databases',
    paginateDescribeDBInstances({ client: rds }, {}),
    ({ DBInstances }) => DBInstances,
    databaseSchema,
  );
  return databases.filter(({ tags }) => tags[STACK_TAG] === stackName);
}
