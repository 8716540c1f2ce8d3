import type { CloudContext } from '../context.ts';
import { formatPriced, monthlyDatabaseCost } from '../costs/priced-resource.ts';
import { type DatabaseInstance, listDatabases } from '../database/databases.ts';
import { isInProgress, requireStack } from '../stack/stack.ts';

/**
 * Returns a sentence for each database of the stack that the stack does not use, because CloudFormation could not delete
 * it: its cost, and the command that deletes it. Returns none while AWS changes the stack.
 */
export async function explainUnusedDatabases(cloud: CloudContext): Promise<string[]> {
  const { status, outputs } = await requireStack(cloud);
  if (isInProgress(status)) return [];
  const databases = await listDatabases(cloud.clients.rds, cloud.stackName);
  return databases
    .filter(({ id, sourceId }) => ![id, sourceId].includes(outputs.DatabaseId ?? ''))
    .filter(({ status: state }) => state !== 'deleting')
    .map((it) => {
      const about = `the database ${it.id}, which still exists`;
      return (
        `The stack does not use ${formatPriced({ about, monthly: monthlyDatabaseCost(it) })}. ` +
        (it.sourceId === null ? formatDeletion(it) : formatReplicaDeletion(it))
      );
    });
}

function formatDeletion(database: DatabaseInstance): string {
  const { id } = database;
  return (
    `To delete it after a snapshot: ${formatProtectionRemoval(database)}aws rds delete-db-instance ` +
    `--db-instance-identifier ${id} --final-db-snapshot-identifier ${id}-last --no-delete-automated-backups`
  );
}

/** RDS refuses a final snapshot of a read replica. */
function formatReplicaDeletion({ id }: DatabaseInstance): string {
  return `To delete it: aws rds delete-db-instance --db-instance-identifier ${id} --skip-final-snapshot`;
}

function formatProtectionRemoval({ id, isProtected }: DatabaseInstance): string {
  return isProtected
    ? `aws rds modify-db-instance --db-instance-identifier ${id} --no-deletion-protection && `
    : '';
}
