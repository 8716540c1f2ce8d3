import { formatTime } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import { type DatabaseInstance, listDatabases } from '../database/databases.ts';
import type { DatabaseSnapshot } from '../database/snapshots.ts';
import { listStackSnapshots } from '../teardown/database-snapshots.ts';
import { createSection } from './section.ts';

/** The databases of the stack and their snapshots. */
interface DatabaseReport {
  /** One database, or two while one replaces the other. */
  databases: DatabaseInstance[];
  /** The manual and final snapshots, newest first. */
  snapshots: DatabaseSnapshot[];
}

/** The databases of the stack, and the last snapshot. */
export const databaseSection = createSection(readDatabaseReport, formatDatabaseReport);

async function readDatabaseReport(cloud: CloudContext): Promise<DatabaseReport> {
  const [databases, snapshots] = await Promise.all([
    listDatabases(cloud.clients.rds, cloud.stackName),
    listStackSnapshots(cloud),
  ]);
  return { databases, snapshots };
}

function formatDatabaseReport({ databases, snapshots: [last] }: DatabaseReport): string[] {
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
