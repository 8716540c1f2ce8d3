import type { CloudContext } from '../context.ts';
import { formatMonthlyCost } from '../costs/costs.ts';
import { PRICES } from '../costs/prices.ts';
import type { DatabaseInstance } from '../database/databases.ts';
import { retainsAutomatedBackups } from '../database/restore-point.ts';
import { formatCommand } from '../format-command.ts';
import type { Stack } from '../stack/stack.ts';
import { monthlyBackupCost } from './automated-backups.ts';

/** The line when nothing of the database is retained. */
export const DELETES_ALL_BACKUPS =
  'All data of the database is deleted, including its snapshots and automated backups. You cannot undo this.';

/**
 * Returns the lines on the backups of the databases of a stack: which are taken, retained and deleted when the stack is
 * removed, and what they cost. None without a database. A read replica has no backups.
 */
export function formatBackupPlan(
  cloud: CloudContext,
  stack: Stack,
  { databases, everything }: { databases: DatabaseInstance[]; everything: boolean },
): string[] {
  if (databases.length === 0) return [];
  const sources = databases.filter(({ sourceId }) => sourceId === null);
  if (everything) return [DELETES_ALL_BACKUPS];
  const isRetained = retainsAutomatedBackups(stack.parameters);
  return sources.flatMap((database) => [
    hasData(stack) ? formatLastSnapshot(database) : formatNoSnapshot(database),
    isRetained ? formatRetained(database) : formatDeleted(cloud, database),
  ]);
}

/** Returns false until the first `up` has initialized the database. Its template takes no final snapshot. */
function hasData({ status, parameters }: Stack): boolean {
  return parameters.SetUp !== 'yes' || !/^(CREATE|ROLLBACK)_/.test(status);
}

function formatNoSnapshot({ id }: DatabaseInstance): string {
  return `The database ${id} was not initialized and has no data, so no final snapshot of it is taken.`;
}

function formatLastSnapshot({ id, sizeGib }: DatabaseInstance): string {
  const cost = formatMonthlyCost(sizeGib * PRICES.databaseSnapshotGbMonth);
  return `A final snapshot of the database ${id} is taken before it is deleted. It is retained until you delete it, for ${cost}.`;
}

function formatRetained({ id, sizeGib, backupDays }: DatabaseInstance): string {
  const cost = formatMonthlyCost(monthlyBackupCost({ sizeGib, days: backupDays }));
  return `The automated backups of the database ${id} are retained until their age in days is ${backupDays}, for ${cost}.`;
}

function formatDeleted(cloud: CloudContext, { id }: DatabaseInstance): string {
  return `The automated backups of the database ${id} are deleted with it. To retain them, run ${formatCommand(cloud, 'up')} first.`;
}
