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
    .filter((it) => it.id !== outputs.DatabaseId && it.status !== 'deleting')
    .map((it) => {
      const about = `the database ${it.id}, which still exists`;
      return (
        `The stack does not use ${formatPriced({ about, monthly: monthlyDatabaseCost(it) })}. To delete it after a ` +
        `snapshot: ${formatProtectionRemoval(it)}aws rds delete-db-instance --db-instance-identifier ${it.id} ` +
        `--final-db-snapshot-identifier ${it.id}-last --no-delete-automated-backups`
      );
    });
}

function formatProtectionRemoval({ id, isProtected }: DatabaseInstance): string {
  return isProtected
    ? `aws rds modify-db-instance --db-instance-identifier ${id} --no-deletion-protection && `
    : '';
}
