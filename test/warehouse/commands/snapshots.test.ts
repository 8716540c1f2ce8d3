import { expect, test } from 'vitest';
import type { Snapshot } from '../../../src/aws/ec2/snapshots.ts';
import { listPrunable } from '../../../src/warehouse/commands/snapshots.ts';
import { resourceTags } from '../../../src/warehouse/tags.ts';

/** Creates a snapshot of this many days ago. */
function old(days: number, volumeId = 'vol-1', state = 'completed'): Snapshot {
  return {
    id: `snap-${days}`,
    state,
    progress: '',
    volumeId,
    sizeGib: 1,
    startedAt: new Date(1e12 - days * 864e5),
    runId: null,
    tags: resourceTags(volumeId, 'run-1'),
  };
}

test.for([
  [2, [old(1), old(2), old(3), old(4)], ['snap-3', 'snap-4']],
  [12, [old(1), old(2)], []],
  // The newest snapshot is never deleted.
  [0, [old(1), old(2)], ['snap-2']],
  // Incomplete snapshots are neither deleted nor counted.
  [1, [old(1, 'vol-1', 'pending'), old(2), old(3), old(4, 'vol-1', 'error')], ['snap-3']],
  // The snapshots of each volume are counted apart.
  [1, [old(1), old(2, 'vol-2'), old(3), old(4, 'vol-2')], ['snap-3', 'snap-4']],
] as const)(
  'listPrunable lists all completed snapshots but the newest %d of each volume',
  ([keep, snapshots, expected]) => {
    expect(listPrunable([...snapshots], keep).map(({ id }) => id)).toEqual(expected);
  },
);
