import type { Cloud } from '../cloud.ts';

/** Makes a new database from a snapshot, and points the stack there. */
export async function restoreSnapshot(
  _cloud: Cloud,
  _options: { snapshotId: string; dryRun: boolean },
): Promise<void> {
  throw new Error('not there yet');
}
