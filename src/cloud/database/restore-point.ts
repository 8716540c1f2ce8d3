import type { ParameterValues } from '../stack/parameters.ts';

/** The state to which a database is restored: that of a snapshot, or that of a time, such as `2026-11-28T10:00:00Z`. */
export type RestorePoint = { snapshotId: string } | { time: string };

/** Returns a restore point, for people: the id of the snapshot, or the time. */
export function formatRestorePoint(point: RestorePoint): string {
  return 'time' in point ? point.time : point.snapshotId;
}

/** Returns the arguments of the command that restores a point: `restore --time 2026-11-28T10:00:00Z`. */
export function formatRestoreArguments(point: RestorePoint): string {
  return 'time' in point ? `restore --time ${point.time}` : `restore ${point.snapshotId}`;
}

/** Returns whether the database of a stack with these parameters was restored to this point. */
export function isRestoredTo(parameters: ParameterValues, point: RestorePoint): boolean {
  return 'time' in point
    ? parameters.DatabaseTime === point.time
    : parameters.DatabaseSnapshot === point.snapshotId;
}

/**
 * Returns whether CloudFormation retains the automated backups of a database that it deletes. Stacks with the template
 * of an earlier version do not, and they cannot be restored to a time.
 */
export function retainsAutomatedBackups(parameters: ParameterValues): boolean {
  return 'DatabaseTime' in parameters;
}
