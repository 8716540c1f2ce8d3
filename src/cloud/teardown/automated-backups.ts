import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import { formatTime } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import { PRICES } from '../costs/prices.ts';
import {
  type AutomatedBackup,
  deleteAutomatedBackup,
  findExpiry,
  formatWindow,
  listAutomatedBackups,
} from '../database/automated-backups.ts';
import { listDatabases } from '../database/databases.ts';
import type { RetainedResource } from './retained-resource.ts';

const RETAINED_MAX_MS = 10 * 60_000;

/** Lists the automated backups that AWS retains of the stack's deleted databases, of the newest database first. */
export async function listRetainedAutomatedBackups(
  cloud: CloudContext,
): Promise<RetainedResource[]> {
  const { clients, stackName } = cloud;
  const [backups, databases] = await Promise.all([
    listAutomatedBackups(clients.rds, stackName),
    listDatabases(clients.rds, stackName),
  ]);
  const existing = new Set(databases.map(({ id }) => id));
  return backups
    .filter(({ databaseId }) => !existing.has(databaseId))
    .map((backup) => ({
      id: backup.resourceId,
      about: `automated backups of the database ${backup.databaseId}${formatRetention(backup)}`,
      monthly: monthlyBackupCost(backup),
      remove: () => remove(cloud, backup),
    }));
}

/**
 * Returns an upper estimate of the cost of automated backups in dollars per month. AWS does not return their size. Each
 * daily snapshot stores the changed blocks only, so it has at most the size of the whole storage.
 */
export function monthlyBackupCost({
  sizeGib,
  days,
}: Pick<AutomatedBackup, 'sizeGib' | 'days'>): number {
  return (days + 1) * sizeGib * PRICES.databaseSnapshotGbMonth;
}

function formatRetention(backup: AutomatedBackup): string {
  const { window } = backup;
  const expiry = findExpiry(backup);
  if (!window || !expiry) return '';
  return `, ${formatWindow(window)}, until ${formatTime(expiry)}`;
}

async function remove(cloud: CloudContext, backup: AutomatedBackup): Promise<void> {
  const tryDelete = async () =>
    (await deleteAutomatedBackup(cloud.clients.rds, backup))
      ? { done: undefined }
      : { pending: 'the database is being deleted' };
  const subject = `The automated backups of ${backup.databaseId}`;
  await poll(subject, tryDelete, pollOptions(cloud, RETAINED_MAX_MS));
}
