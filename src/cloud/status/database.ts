import { formatTime } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import {
  type AutomatedBackup,
  formatWindow,
  listAutomatedBackups,
} from '../database/automated-backups.ts';
import { type DatabaseInstance, listDatabases } from '../database/databases.ts';
import { type DatabaseSnapshot, listStackSnapshots } from '../database/snapshots.ts';
import { createSection } from './section.ts';

/** The databases of the stack and their backups. */
interface DatabaseReport {
  /** One database, or two while one replaces the other, and their read replicas. */
  databases: DatabaseInstance[];
  /** The automated backups of existing and deleted databases, those of the newest database first. */
  automatedBackups: AutomatedBackup[];
  /** The daily snapshots, newest first. */
  automatedSnapshots: DatabaseSnapshot[];
  /** The manual and final snapshots, newest first. */
  snapshots: DatabaseSnapshot[];
}

/** The databases of the stack, the times to which `restore` can return, and the snapshots. */
export const databaseSection = createSection(readDatabaseReport, formatDatabaseReport);

async function readDatabaseReport(cloud: CloudContext): Promise<DatabaseReport> {
  const { clients, stackName } = cloud;
  const [databases, automatedBackups, automatedSnapshots, snapshots] = await Promise.all([
    listDatabases(clients.rds, stackName),
    listAutomatedBackups(clients.rds, stackName),
    listStackSnapshots(clients.rds, stackName, 'automated'),
    listStackSnapshots(clients.rds, stackName),
  ]);
  return { databases, automatedBackups, automatedSnapshots, snapshots };
}

function formatDatabaseReport(report: DatabaseReport): string[] {
  const { databases, automatedBackups, automatedSnapshots, snapshots } = report;
  const [last] = snapshots;
  return [
    ...(databases.length === 0 ? ['none'] : databases.flatMap(formatDatabase)),
    ...automatedBackups.flatMap(formatRestorable),
    ...automatedSnapshots.map((it) => `automated snapshot: ${formatSnapshot(it)}`),
    last ? `newest snapshot: ${formatSnapshot(last)}` : 'no snapshot',
  ];
}

function formatDatabase(it: DatabaseInstance): string[] {
  const limit = it.maxGib === null ? '' : ` of at most ${it.maxGib}`;
  const zones = it.isMultiAz ? ', in two zones' : '';
  return [
    `${it.id}, ${it.status}, MySQL ${it.version}, ${it.class}${zones}, ${it.sizeGib}${limit} GiB, ${formatRole(it)}`,
    ...(it.endpoint ? [it.endpoint] : []),
  ];
}

function formatRole({ sourceId, backupDays }: DatabaseInstance): string {
  return sourceId === null ? `days of backups: ${backupDays}` : `read replica of ${sourceId}`;
}

function formatRestorable({ databaseId, window }: AutomatedBackup): string[] {
  if (!window) return [];
  return [`restorable by restore --time: ${databaseId}, ${formatWindow(window)}`];
}

function formatSnapshot({ id, createdAt, status }: DatabaseSnapshot): string {
  return `${id}, ${createdAt ? formatTime(createdAt) : status}`;
}
