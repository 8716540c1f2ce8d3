import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import {
  formatRestoreArguments,
  formatRestorePoint,
  isRestoredTo,
  type RestorePoint,
  retainsAutomatedBackups,
} from '../database/restore-point.ts';
import { requireRestoreSource, type RestoreSource } from '../database/restore-source.ts';
import { assertStorageLimit } from '../database/storage.ts';
import { listDatabaseSnapshots } from '../database/snapshots.ts';
import { waitUntilReady } from '../instances/wait-until-ready.ts';
import { changeStackWithReset } from '../instances/rolled-back-version.ts';
import { replaceInstances } from '../instances/replace-instances.ts';
import { initializeDatabase } from '../database/initialize-database.ts';
import { unprotectAndReplace } from '../protection/replace-database.ts';
import { protectStack } from '../protection/protections.ts';
import { readOutputs } from '../stack/outputs.ts';
import { toChangedParameters, type ParameterValues } from '../stack/parameters.ts';
import { requireStableStack } from '../stack/wait-until-stable.ts';
import { requireStack, type Stack } from '../stack/stack.ts';
import { addCosts } from '../teardown/remaining-costs.ts';
import { explainUnusedDatabases } from '../teardown/unused-databases.ts';
import type { Prompt } from '../../cli/prompt.ts';
import { confirmStackName } from './confirm.ts';

/** The options of `restore`. */
export interface RestoreOptions {
  point: RestorePoint;
  dryRun: boolean;
  /** Prompts the operator, and returns the answer. */
  prompt: Prompt;
}

/**
 * Replaces the stack's database by one that is restored to a point, and then all instances, after the operator has
 * typed the stack's name. A final snapshot of the old database is taken. An interrupted restore continues when it is run
 * again.
 * @throws OperatorError when there is no such backup or when it does not fit, before a change; when the restore fails
 *   or is stopped later, with the command that continues it
 */
export async function restore(cloud: CloudContext, options: RestoreOptions): Promise<void> {
  const { point, dryRun } = options;
  const stack = await requireStableStack(cloud);
  const isReplaced = isRestoredTo(stack.parameters, point);
  if (isReplaced) printContinuation(cloud, point);
  else await replaceDatabase(cloud, stack, options);
  if (dryRun) return;
  for (const line of await explainUnusedDatabases(cloud)) cloud.print(line);
  await switchInstances(cloud).catch((error: unknown) => {
    const command = formatCommand(cloud, formatRestoreArguments(point));
    throw new OperatorError(
      `${errorMessage(error)} MiniTwit is unavailable until the restore is complete. Run ${command} again.`,
      { cause: error },
    );
  });
  const restored = await requireStack(cloud);
  const outputs = readOutputs(restored);
  await waitUntilReady(cloud, outputs);
  await protectStack(cloud, restored);
  cloud.log(formatRestored({ address: outputs.address, point, isReplaced }));
}

/** Formats the message at the end of a restore. With `isReplaced`, an earlier run has replaced the database. */
export function formatRestored(restored: {
  address: string;
  point: RestorePoint;
  isReplaced: boolean;
}): string {
  const { address, isReplaced } = restored;
  const point = formatRestorePoint(restored.point);
  return isReplaced
    ? `MiniTwit is ready at ${address}. Its database was restored to ${point} earlier, and contains all writes since then.`
    : `MiniTwit is ready at ${address}. Its database contains the data of ${point}.`;
}

/** Initializes the new database if necessary, and replaces the instances that use the old one. */
async function switchInstances(cloud: CloudContext): Promise<void> {
  // In a backup of an earlier stack, the database user of MiniTwit has another password.
  await initializeDatabase(cloud, await requireStack(cloud));
  // The old instances have lost their database, so they are unhealthy.
  await replaceInstances(cloud, { despiteAlarm: true });
}

/** CloudFormation restores a database only when a parameter changes, so a second restore needs another value. */
function printContinuation({ log, print }: CloudContext, point: RestorePoint): void {
  log(`The database was restored to ${formatRestorePoint(point)}. Continuing from there …`);
  print(
    'time' in point
      ? 'To restore this time a second time, choose a time that differs by a second.'
      : 'To restore this snapshot a second time, copy it, and restore the copy: aws rds copy-db-snapshot ' +
          `--source-db-snapshot-identifier ${point.snapshotId} --target-db-snapshot-identifier ${point.snapshotId}-again`,
  );
}

async function replaceDatabase(
  cloud: CloudContext,
  stack: Stack,
  { point, dryRun, prompt }: RestoreOptions,
): Promise<void> {
  const { print } = cloud;
  const { databaseId } = readOutputs(stack);
  const source = await requireRestoreSource(cloud, stack, point);
  assertStorageLimit(cloud, storageFor(source, stack.parameters), stack.parameters);
  for (const line of formatPlan(cloud, stack, source)) print(line);
  const parameters = toChangedParameters(stack, {
    ...source.parameters,
    DatabaseStorageGib: String(storageFor(source, stack.parameters)),
    DatabaseVersion: source.version,
    SetUp: 'yes',
  });
  const change = () =>
    changeStackWithReset(cloud, stack, {
      template: null,
      parameters,
      dryRun,
      mayReplaceDatabase: true,
    });
  if (dryRun) return void (await change());
  await confirmStackName(cloud, prompt, 'Nothing was changed.');
  await unprotectAndReplace(cloud, stack, change).catch(async (error: unknown) => {
    throw await addCosts(cloud, error, explainUnusedDatabases);
  });
  const [last] = await listDatabaseSnapshots(cloud.clients.rds, databaseId);
  if (last) print(`To return to the old database: ${formatCommand(cloud, `restore ${last.id}`)}`);
}

/** Returns the size of the restored database, which cannot be smaller than that of the backup. */
function storageFor({ sizeGib }: RestoreSource, { DatabaseStorageGib }: ParameterValues): number {
  return Math.max(sizeGib, Number(DatabaseStorageGib));
}

function formatPlan(cloud: CloudContext, { parameters }: Stack, source: RestoreSource): string[] {
  const { DatabaseStorageGib, BackupDays } = parameters;
  const sizeGib = storageFor(source, parameters);
  const backups = retainsAutomatedBackups(parameters)
    ? `Its automated backups are retained until their age in days is ${BackupDays}.`
    : `Its automated backups are deleted with it. To retain them, run ${formatCommand(cloud, 'up')} first.`;
  return [
    `This restores a new database from ${source.about}. The old database is deleted after a final snapshot. ${backups} ` +
      'MiniTwit is unavailable from then until the instances are replaced.',
    ...(sizeGib > Number(DatabaseStorageGib)
      ? [
          `The new database has ${sizeGib} GiB of storage instead of ${DatabaseStorageGib}, as the backup.`,
        ]
      : []),
  ];
}
