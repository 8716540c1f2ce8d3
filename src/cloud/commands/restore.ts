import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import {
  type DatabaseSnapshot,
  findDatabaseSnapshot,
  listDatabaseSnapshots,
} from '../database/snapshots.ts';
import { waitUntilReady } from '../instances/wait-until-ready.ts';
import { replaceInstances } from '../instances/replace-instances.ts';
import { initializeDatabase } from '../database/initialize-database.ts';
import { changeStack } from '../stack/change-stack.ts';
import { readOutputs } from '../stack/outputs.ts';
import { toChangedParameters, type ParameterValues } from '../stack/parameters.ts';
import { requireStableStack } from '../stack/wait-until-stable.ts';
import { requireStack, type Stack } from '../stack/stack.ts';

/**
 * Replaces the stack's database by one that is restored from a snapshot, and then all instances. A last snapshot of the
 * old database is taken. An interrupted restore continues when it is run again.
 * @throws OperatorError when the snapshot does not exist or does not fit, before a change; when the restore fails or is
 *   stopped later, with the command that continues it
 */
export async function restoreSnapshot(
  cloud: CloudContext,
  { snapshotId, dryRun }: { snapshotId: string; dryRun: boolean },
): Promise<void> {
  const stack = await requireStableStack(cloud);
  const isReplaced = stack.parameters.DatabaseSnapshot === snapshotId;
  if (isReplaced) printContinuation(cloud, snapshotId);
  else await replaceDatabase(cloud, stack, { snapshotId, dryRun });
  if (dryRun) return;
  await switchInstances(cloud).catch((error: unknown) => {
    const command = formatCommand(cloud, `restore ${snapshotId}`);
    throw new OperatorError(
      `${errorMessage(error)} MiniTwit is unavailable until the restore is complete. Run ${command} again.`,
      { cause: error },
    );
  });
  const { address } = readOutputs(await requireStack(cloud));
  await waitUntilReady(cloud, address);
  cloud.log(formatRestored({ address, snapshotId, isReplaced }));
}

/** Formats the message at the end of a restore. With `isReplaced`, an earlier run has replaced the database. */
export function formatRestored(restored: {
  address: string;
  snapshotId: string;
  isReplaced: boolean;
}): string {
  const { address, snapshotId, isReplaced } = restored;
  return isReplaced
    ? `MiniTwit is ready at ${address}. Its database was restored from ${snapshotId} earlier, and contains all writes since then.`
    : `MiniTwit is ready at ${address}. Its database contains the data of ${snapshotId}.`;
}

/** Initializes the new database if necessary, and replaces the instances that use the old one. */
async function switchInstances(cloud: CloudContext): Promise<void> {
  // In the snapshot of an earlier stack, the database user of MiniTwit has another password.
  await initializeDatabase(cloud, await requireStack(cloud));
  // The old instances have lost their database, so they are unhealthy.
  await replaceInstances(cloud, { despiteAlarm: true });
}

/** CloudFormation restores a snapshot only when the parameter changes, so a second restore needs another id. */
function printContinuation({ log, print }: CloudContext, snapshotId: string): void {
  log(`The database was restored from ${snapshotId}. Continuing from there …`);
  print(
    'To restore this snapshot a second time, copy it, and restore the copy: aws rds copy-db-snapshot ' +
      `--source-db-snapshot-identifier ${snapshotId} --target-db-snapshot-identifier ${snapshotId}-again`,
  );
}

async function replaceDatabase(
  cloud: CloudContext,
  stack: Stack,
  { snapshotId, dryRun }: { snapshotId: string; dryRun: boolean },
): Promise<void> {
  const { print } = cloud;
  const { databaseId } = readOutputs(stack);
  const snapshot = await requireCompatibleSnapshot(cloud, stack, snapshotId);
  print(
    `This restores a new database from ${snapshotId}, as of ${snapshot.createdAt?.toISOString() ?? 'an unknown time'}. ` +
      'The old database is deleted after a last snapshot. MiniTwit is unavailable from then until the ' +
      'instances are replaced.',
  );
  await changeStack(cloud, stack, {
    template: null,
    parameters: toChangedParameters(stack, {
      DatabaseSnapshot: snapshotId,
      DatabaseVersion: snapshot.version,
      SetUp: 'yes',
    }),
    dryRun,
    mayReplaceDatabase: true,
  });
  if (dryRun) return;
  const [last] = await listDatabaseSnapshots(cloud.clients.rds, databaseId);
  if (last) print(`To return to the old database: ${formatCommand(cloud, `restore ${last.id}`)}`);
}

async function requireCompatibleSnapshot(
  cloud: CloudContext,
  { parameters }: Stack,
  snapshotId: string,
): Promise<DatabaseSnapshot> {
  const snapshot = await findDatabaseSnapshot(cloud.clients.rds, snapshotId);
  if (!snapshot) {
    throw new OperatorError(
      `There is no snapshot ${snapshotId} of a database in this region. List the snapshots with: ${formatCommand(cloud, 'status')}`,
    );
  }
  const problem = findProblem(cloud, snapshot, parameters);
  if (problem) throw new OperatorError(`The snapshot ${snapshotId} ${problem}.`);
  return snapshot;
}

/** Returns why a snapshot cannot be restored into a stack with these parameters, or null: `is not encrypted …`. */
export function findProblem(
  context: Pick<CloudContext, 'stackName'>,
  snapshot: DatabaseSnapshot,
  { DatabaseVersion = '', DatabaseStorageGib }: ParameterValues,
): string | null {
  if (snapshot.engine !== 'mysql') return `contains a database of ${snapshot.engine}, not of MySQL`;
  if (snapshot.status !== 'available') {
    return `is not available yet: ${snapshot.status}, ${snapshot.percent} %`;
  }
  if (releaseOf(snapshot.version) !== releaseOf(DatabaseVersion)) {
    return `has MySQL ${snapshot.version}, and the stack’s database has ${DatabaseVersion}`;
  }
  if (!snapshot.isEncrypted) {
    return (
      'is not encrypted, but the stack’s database is. Restore an encrypted copy: aws rds copy-db-snapshot ' +
      `--kms-key-id alias/aws/rds --source-db-snapshot-identifier ${snapshot.id} --target-db-snapshot-identifier ${snapshot.id}-encrypted`
    );
  }
  if (snapshot.sizeGib <= Number(DatabaseStorageGib)) return null;
  return (
    `needs ${snapshot.sizeGib} GiB, and the stack’s database has ${DatabaseStorageGib}. Run ` +
    `${formatCommand(context, `up --set DatabaseStorageGib=${snapshot.sizeGib}`)} first`
  );
}

/** Returns the release series of a version: `8.4` for `8.4.11`. */
function releaseOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
