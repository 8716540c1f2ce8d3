import {
  DeleteDBInstanceAutomatedBackupCommand,
  paginateDescribeDBInstanceAutomatedBackups,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { z } from 'zod';
import { isAwsError, withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import { formatTime } from '../../cli/times.ts';

const DAY_MS = 24 * 3_600_000;

const backupSchema = z
  .object({
    DbiResourceId: z.string(),
    DBInstanceIdentifier: z.string(),
    Status: z.string(),
    Engine: z.string().default(''),
    EngineVersion: z.string().default(''),
    AllocatedStorage: z.number(),
    Encrypted: z.boolean().default(false),
    BackupRetentionPeriod: z.number().default(0),
    InstanceCreateTime: z.date().optional(),
    RestoreWindow: z
      .object({ EarliestTime: z.date().optional(), LatestTime: z.date().optional() })
      .optional(),
  })
  .transform((it) => ({
    /** RDS's own id of the database, such as `db-ABC`, which no other database ever has. */
    resourceId: it.DbiResourceId,
    databaseId: it.DBInstanceIdentifier,
    /** `active` for a database that exists, `retained` for a deleted one, `creating` before the first snapshot. */
    status: it.Status,
    /** `mysql` and others. */
    engine: it.Engine,
    /** The version of the engine: `8.4.11`. */
    version: it.EngineVersion,
    /** The size of the database's allocated storage. */
    sizeGib: it.AllocatedStorage,
    isEncrypted: it.Encrypted,
    /** How many days AWS retains each backup. */
    days: it.BackupRetentionPeriod,
    /** Null while the database is being created. */
    databaseCreatedAt: it.InstanceCreateTime ?? null,
    window: toWindow(it.RestoreWindow),
  }));

/** The automated backups of one RDS database, with which it can be restored to any time in a window. */
export type AutomatedBackup = z.infer<typeof backupSchema>;

/** The first and the last time to which a database can be restored. */
export interface RestoreWindow {
  earliest: Date;
  latest: Date;
}

function toWindow(
  window: { EarliestTime?: Date | undefined; LatestTime?: Date | undefined } | undefined,
): RestoreWindow | null {
  const { EarliestTime: earliest, LatestTime: latest } = window ?? {};
  return earliest && latest ? { earliest, latest } : null;
}

/**
 * Lists the automated backups of a stack's databases, deleted databases included, those of the newest database first.
 * CloudFormation does not tag these backups, so they are found by the name that it generates for a database:
 * `minitwit-database-1a2b3c4d5e6f`.
 */
export async function listAutomatedBackups(
  rds: RDSClient,
  stackName: string,
): Promise<AutomatedBackup[]> {
  const backups = await listItems(
    'Cannot list the automated backups',
    paginateDescribeDBInstanceAutomatedBackups({ client: rds }, {}),
    ({ DBInstanceAutomatedBackups }) => DBInstanceAutomatedBackups,
    backupSchema,
  );
  const generatedName = new RegExp(`^${stackName}-database-[a-z0-9]+$`, 'i');
  const time = ({ databaseCreatedAt }: AutomatedBackup) => Number(databaseCreatedAt ?? Infinity);
  return backups
    .filter(({ databaseId }) => generatedName.test(databaseId))
    .toSorted((a, b) => time(b) - time(a));
}

/**
 * Deletes the automated backups of a deleted database. Idempotent.
 * @returns false while the database is being deleted
 */
export async function deleteAutomatedBackup(
  rds: RDSClient,
  { resourceId, databaseId }: AutomatedBackup,
): Promise<boolean> {
  const request = new DeleteDBInstanceAutomatedBackupCommand({ DbiResourceId: resourceId });
  const attempt = `Cannot delete the automated backups of the database ${databaseId}`;
  try {
    await withAwsError(attempt, rds.send(request));
    return true;
  } catch (error) {
    if (isAwsError(error, 'DBInstanceAutomatedBackupNotFound')) return true;
    if (isAwsError(error, 'InvalidDBInstanceAutomatedBackupState')) return false;
    throw error;
  }
}

/** Formats a window: `from 2026-11-21 10:00 UTC to 2026-11-28 10:00 UTC`. */
export function formatWindow({ earliest, latest }: RestoreWindow): string {
  return `from ${formatTime(earliest)} to ${formatTime(latest)}`;
}

/** Returns the time until which AWS retains the last automated backup of a deleted database, or null without one. */
export function findExpiry({ window, days }: AutomatedBackup): Date | null {
  return window && new Date(Number(window.latest) + days * DAY_MS);
}
