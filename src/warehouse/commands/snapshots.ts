import type { EC2Client } from '@aws-sdk/client-ec2';
import { deleteSnapshot, findSnapshotUse } from '../../aws/ec2/removal.ts';
import { type Snapshot, listSnapshots } from '../../aws/ec2/snapshots.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { alignColumns } from '../../cli/table.ts';
import type { WarehouseContext } from '../context.ts';
import { WAREHOUSE_TAG } from '../../aws/tags.ts';

/** Prints the snapshots of the warehouse's volumes, newest first. */
export async function printSnapshots({ ec2, print }: WarehouseContext): Promise<void> {
  const snapshots = await listWarehouseSnapshots(ec2);
  if (snapshots.length === 0) return print('There are no snapshots yet. Each run takes one.');
  for (const line of formatSnapshots(snapshots)) print(line);
}

/**
 * Prints and deletes old snapshots: the completed ones that are not among the newest `keep` completed ones of their
 * volume. Prints each snapshot that is retained because it is in use.
 * @param keep 1 or more
 */
export async function pruneSnapshots(
  { ec2, print, signal }: WarehouseContext,
  keep: number,
): Promise<void> {
  const deletable: Snapshot[] = [];
  for (const snapshot of listPrunable(await listWarehouseSnapshots(ec2), keep)) {
    const use = await findSnapshotUse(ec2, snapshot.id);
    if (use === null) deletable.push(snapshot);
    else print(`${snapshot.id} is retained: ${use}.`);
  }
  if (deletable.length === 0) {
    return print(`There is no snapshot to delete beyond the newest ${keep}.`);
  }
  print('Deleting these snapshots:');
  for (const line of formatSnapshots(deletable)) print(line);
  let deleted = 0;
  for (const { id } of deletable) {
    signal.throwIfAborted();
    if (await deleteSnapshot(ec2, id)) deleted += 1;
    else print(`${id} is retained: AWS reports that it is in use.`);
  }
  print(`Deleted ${deleted} of ${deletable.length}.`);
}

/**
 * Lists the completed snapshots that are not among the newest `keep` completed ones of their volume.
 * @param snapshots newest first
 * @param keep less than 1 counts as 1
 */
export function listPrunable(snapshots: Snapshot[], keep: number): Snapshot[] {
  const complete = snapshots.filter(({ state }) => state === 'completed');
  return complete.filter((snapshot, index) => {
    const newer = complete
      .slice(0, index)
      .filter((other) => warehouseOf(other) === warehouseOf(snapshot));
    return newer.length >= Math.max(1, keep);
  });
}

/** Lists the snapshots of warehouses. A provision's image has snapshots with the same tag, which are skipped. */
async function listWarehouseSnapshots(ec2: EC2Client): Promise<Snapshot[]> {
  const snapshots = await listSnapshots(ec2, [tagFilter(WAREHOUSE_TAG)]);
  return snapshots.filter((snapshot) => warehouseOf(snapshot).startsWith('vol-'));
}

function warehouseOf({ tags }: Snapshot): string {
  return tags[WAREHOUSE_TAG] ?? '';
}

function formatSnapshots(snapshots: Snapshot[]): string[] {
  const rows = [
    ['TIME (UTC)', 'SNAPSHOT', 'VOLUME', 'SIZE', 'STATE', 'RUN'],
    ...snapshots.map(({ startedAt, id, volumeId, sizeGib, state, progress, runId }) => [
      startedAt.toISOString().slice(0, 16).replace('T', ' '),
      id,
      volumeId,
      `${sizeGib} GiB`,
      state === 'pending' ? `pending ${progress}`.trim() : state,
      runId ?? '',
    ]),
  ];
  return alignColumns(rows);
}
