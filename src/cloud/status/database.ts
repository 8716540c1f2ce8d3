import { formatTime } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import { type DatabaseInstance, listDatabases } from '../database/databases.ts';
import { listStackSnapshots } from '../teardown/database-snapshots.ts';

/**
 * Returns a line for each database and for the last snapshot. There are two databases while one replaces the other.
 */
export async function formatDatabases(cloud: CloudContext): Promise<string[]> {
  const [databases, snapshots] = await Promise.all([
    listDatabases(cloud.clients.rds, cloud.stackName),
    listStackSnapshots(cloud),
  ]);
  const [last] = snapshots;
  const taken = last?.createdAt ? formatTime(last.createdAt) : last?.status;
  return [
    ...(databases.length === 0 ? ['none'] : databases.flatMap(formatDatabase)),
    ...(last ? [`last snapshot: ${last.id}, ${taken}`] : ['no snapshot']),
  ];
}

function formatDatabase(it: DatabaseInstance): string[] {
  const zones = it.isMultiAz ? ', in two zones' : '';
  const until = it.restorableUntil ? `, to ${formatTime(it.restorableUntil)}` : '';
  return [
    `${it.id}, ${it.status}, MySQL ${it.version}, ${it.class}${zones}, ${it.sizeGib} GiB, backups of ${it.backupDays} days${until}`,
    ...(it.endpoint ? [it.endpoint] : []),
  ];
}
