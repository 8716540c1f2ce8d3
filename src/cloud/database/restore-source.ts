import { formatTime } from '../../cli/times.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import type { ParameterValues } from '../stack/parameters.ts';
import type { Stack } from '../stack/stack.ts';
import {
  type AutomatedBackup,
  formatWindow,
  listAutomatedBackups,
  type RestoreWindow,
} from './automated-backups.ts';
import { type RestorePoint, retainsAutomatedBackups } from './restore-point.ts';
import { type DatabaseSnapshot, findDatabaseSnapshot } from './snapshots.ts';

/** The backup from which a database is restored. */
export interface RestoreSource {
  /** For people: `the snapshot minitwit-1 of 2026-11-28 10:00 UTC`. */
  about: string;
  /** The version of the database: `8.4.11`. */
  version: string;
  /** The size of the database's allocated storage. */
  sizeGib: number;
  /** The parameters of the stack that name the backup. */
  parameters: ParameterValues;
}

/**
 * Returns the backup with which the database of a stack is restored to a point.
 * @throws OperatorError when there is none, or when it does not fit the stack
 */
export async function requireRestoreSource(
  cloud: CloudContext,
  stack: Stack,
  point: RestorePoint,
): Promise<RestoreSource> {
  return 'time' in point
    ? await requireBackup(cloud, stack, point.time)
    : await requireSnapshot(cloud, stack, point.snapshotId);
}

async function requireSnapshot(
  cloud: CloudContext,
  { parameters }: Stack,
  snapshotId: string,
): Promise<RestoreSource> {
  const snapshot = await findDatabaseSnapshot(cloud.clients.rds, snapshotId);
  if (!snapshot) {
    throw new OperatorError(
      `There is no snapshot ${snapshotId} of a database in this region. List the snapshots with: ${formatCommand(cloud, 'status')}`,
    );
  }
  const problem = findSnapshotProblem(snapshot, parameters);
  if (problem) throw new OperatorError(`The snapshot ${snapshotId} ${problem}.`);
  const { version, sizeGib, createdAt } = snapshot;
  return {
    about: `the snapshot ${snapshotId} of ${createdAt ? formatTime(createdAt) : 'an unknown time'}`,
    version,
    sizeGib,
    parameters: { DatabaseSnapshot: snapshotId, DatabaseTime: '', DatabaseSource: '' },
  };
}

async function requireBackup(
  cloud: CloudContext,
  { parameters }: Stack,
  time: string,
): Promise<RestoreSource> {
  if (!retainsAutomatedBackups(parameters)) {
    throw new OperatorError(
      `The stack ${cloud.stackName} has the template of an earlier version. Run ${formatCommand(cloud, 'up')} first.`,
    );
  }
  const backups = await listAutomatedBackups(cloud.clients.rds, cloud.stackName);
  const backup = backups.find(({ window }) => window && contains(window, new Date(time)));
  if (!backup) throw new OperatorError(formatOutside(cloud, time, backups));
  const { databaseId, resourceId, version, sizeGib } = backup;
  const problem = findProblem(backup, parameters);
  if (problem) throw new OperatorError(`The automated backup of ${databaseId} ${problem}.`);
  return {
    about: `the automated backups of the database ${databaseId}, as of ${time}`,
    version,
    sizeGib,
    parameters: { DatabaseSnapshot: '', DatabaseTime: time, DatabaseSource: resourceId },
  };
}

function contains({ earliest, latest }: RestoreWindow, time: Date): boolean {
  return earliest <= time && time <= latest;
}

function formatOutside(
  { stackName }: CloudContext,
  time: string,
  backups: AutomatedBackup[],
): string {
  const windows = backups.flatMap(({ databaseId, window }) =>
    window ? [`${databaseId} ${formatWindow(window)}`] : [],
  );
  const possible =
    windows.length > 0
      ? `These databases have automated backups: ${windows.join(', ')}.`
      : 'It has no automated backups.';
  return `No automated backup of ${stackName} contains ${time}. ${possible}`;
}

/** Returns why a snapshot cannot be restored into a stack with these parameters, or null: `is not encrypted …`. */
export function findSnapshotProblem(
  snapshot: DatabaseSnapshot,
  parameters: ParameterValues,
): string | null {
  if (snapshot.status !== 'available') {
    return `is not available yet: ${snapshot.status}, ${snapshot.percent} %`;
  }
  const problem = findProblem(snapshot, parameters);
  if (problem || snapshot.isEncrypted) return problem;
  return (
    'is not encrypted, but the stack’s database is. Restore an encrypted copy: aws rds copy-db-snapshot ' +
    `--kms-key-id alias/aws/rds --source-db-snapshot-identifier ${snapshot.id} --target-db-snapshot-identifier ${snapshot.id}-encrypted`
  );
}

function findProblem(
  { engine, version }: Pick<DatabaseSnapshot, 'engine' | 'version'>,
  { DatabaseVersion = '' }: ParameterValues,
): string | null {
  if (engine !== 'mysql') return `contains a database of ${engine}, not of MySQL`;
  if (releaseOf(version) === releaseOf(DatabaseVersion)) return null;
  return `has MySQL ${version}, and the stack’s database has ${DatabaseVersion}`;
}

/** Returns the release series of a version: `8.4` for `8.4.11`. */
function releaseOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
