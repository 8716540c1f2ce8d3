import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { type DatabaseSnapshot, findSnapshot, listSnapshots } from '../database/snapshots.ts';
import { waitUntilReady } from '../instances/wait-until-ready.ts';
import { replaceInstances } from '../instances/replace-instances.ts';
import { initializeDatabase } from '../database/initialize-database.ts';
import { changeStack } from '../stack/change-stack.ts';
import { readOutputs } from '../stack/outputs.ts';
import { toChangedParameters, type ParameterValues } from '../stack/parameters.ts';
import { requireStableStack } from '../stack/wait-until-stable.ts';
import { requireStack, type Stack } from '../stack/stack.ts';

/**
 * Makes a new database from a snapshot, points the stack there, and replaces the instances by such as know it. The
 * old database gets a last snapshot. An interrupted restore continues when it is run again.
 * @throws OperatorError when the snapshot is not there or does not fit, before anything is changed; when the restore
 *   fails or is stopped later, with the command that continues it
 */
export async function restoreSnapshot(
  cloud: CloudContext,
  { snapshotId, dryRun }: { snapshotId: string; dryRun: boolean },
): Promise<void> {
  const stack = await requireStableStack(cloud);
  const isMade = stack.parameters.DatabaseSnapshot === snapshotId;
  if (isMade) sayBegun(cloud, snapshotId);
  else await replaceDatabase(cloud, stack, { snapshotId, dryRun });
  if (dryRun) return;
  await bringInstances(cloud).catch((error: unknown) => {
    const again = formatCommand(cloud, `restore ${snapshotId}`);
    throw new OperatorError(
      `${errorMessage(error)} MiniTwit does not serve until the restore is complete. Run ${again} again.`,
      { cause: error },
    );
  });
  const { address } = readOutputs(await requireStack(cloud));
  await waitUntilReady(cloud, address);
  cloud.log(
    isMade
      ? `MiniTwit is up: ${address}. Its database was made from ${snapshotId} earlier, and still has what was written since.`
      : `MiniTwit is up, with what is in ${snapshotId}: ${address}`,
  );
}

/** Sets up the new database where this is still to be done, and replaces the instances that use the old one. */
async function bringInstances(cloud: CloudContext): Promise<void> {
  // The user of MiniTwit in a snapshot of an earlier stack has another password.
  await initializeDatabase(cloud, await requireStack(cloud));
  // The instances that are replaced have lost their database, so they are unhealthy.
  await replaceInstances(cloud, { despiteAlarm: true });
}

/** A database is made from a snapshot once, since the template says what there is, and not what happens. */
function sayBegun({ log, print }: CloudContext, snapshotId: string): void {
  log(`The database was made from ${snapshotId} already: going on from there …`);
  print(
    `To go back to it once more, restore a copy: aws rds copy-db-snapshot --source-db-snapshot-identifier ` +
      `${snapshotId} --target-db-snapshot-identifier ${snapshotId}-again`,
  );
}

async function replaceDatabase(
  cloud: CloudContext,
  stack: Stack,
  { snapshotId, dryRun }: { snapshotId: string; dryRun: boolean },
): Promise<void> {
  const { print } = cloud;
  const { databaseId } = readOutputs(stack);
  const snapshot = await requireFitting(cloud, stack, snapshotId);
  print(
    `A new database is made from ${snapshotId}, of ${snapshot.createdAt?.toISOString() ?? 'no known time'}. The old ` +
      'one, with all that was written since, gets a last snapshot and goes. MiniTwit does not serve from then until ' +
      'the instances are replaced.',
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
  const [last] = await listSnapshots(cloud.clients.rds, databaseId);
  if (last) print(`To go back to the old database: ${formatCommand(cloud, `restore ${last.id}`)}`);
}

async function requireFitting(
  cloud: CloudContext,
  { parameters }: Stack,
  snapshotId: string,
): Promise<DatabaseSnapshot> {
  const snapshot = await findSnapshot(cloud.clients.rds, snapshotId);
  if (!snapshot) {
    throw new OperatorError(
      `There is no snapshot ${snapshotId} of a database here. Those that there are: ${formatCommand(cloud, 'status')}`,
    );
  }
  const problem = findProblem(cloud, snapshot, parameters);
  if (problem) throw new OperatorError(`The snapshot ${snapshotId} ${problem}.`);
  return snapshot;
}

/** Why a database with the stack's parameters cannot be made from a snapshot; null when it can. */
export function findProblem(
  context: Pick<CloudContext, 'stackName'>,
  snapshot: DatabaseSnapshot,
  { DatabaseVersion = '', DatabaseStorageGib }: ParameterValues,
): string | null {
  if (snapshot.engine !== 'mysql') return `is of ${snapshot.engine}, and not of MySQL`;
  if (snapshot.status !== 'available') {
    return `is not available yet: ${snapshot.status}, ${snapshot.percent} %`;
  }
  if (releaseOf(snapshot.version) !== releaseOf(DatabaseVersion)) {
    return `is of MySQL ${snapshot.version}, and the stack of ${DatabaseVersion}`;
  }
  if (!snapshot.isEncrypted) {
    return (
      'is not encrypted, as the stack’s database is. Restore an encrypted copy: aws rds copy-db-snapshot ' +
      `--kms-key-id alias/aws/rds --source-db-snapshot-identifier ${snapshot.id} --target-db-snapshot-identifier ${snapshot.id}-encrypted`
    );
  }
  if (snapshot.sizeGib <= Number(DatabaseStorageGib)) return null;
  return (
    `is of ${snapshot.sizeGib} GiB, but the stack’s database of ${DatabaseStorageGib}. Run ` +
    `${formatCommand(context, `up --set DatabaseStorageGib=${snapshot.sizeGib}`)} first`
  );
}

/** `8.4` of `8.4.11`. */
function releaseOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
