import { expect, test } from 'vitest';
import type { ReplicaState } from '../../../src/database/replica.ts';
import { createMetrics } from '../../../src/web/server/metrics.ts';

const pool = { open: 1, used: 0, waiting: 0, requested: 3, waitedS: 0 };
const replicas: ReplicaState[] = [
  { name: 'a:3306', pool: { ...pool, waiting: 2 }, reads: 5, isExcluded: false, lagS: 0.25 },
  { name: 'b:3306', pool, reads: 0, isExcluded: true, lagS: null },
];

const readMetrics = (state: { replicas: ReplicaState[] }) =>
  createMetrics({
    databaseState: () => ({ pool, readsAtWriter: 2, ...state }),
    hashesQueued: () => 0,
    countSessions: () => Promise.resolve(0),
    mail: null,
  }).read();

test('the metrics have the reads and the lag of each replica', async () => {
  const text = await readMetrics({ replicas });
  expect(text.split('\n').filter((line) => line.startsWith('minitwit_db_re'))).toEqual([
    'minitwit_db_reads_total{server="writer"} 2',
    'minitwit_db_reads_total{server="a:3306"} 5',
    'minitwit_db_reads_total{server="b:3306"} 0',
    'minitwit_db_replica_lag_seconds{server="a:3306"} 0.25',
    'minitwit_db_replica_excluded{server="a:3306"} 0',
    'minitwit_db_replica_excluded{server="b:3306"} 1',
    'minitwit_db_replica_connections{server="a:3306"} 1',
    'minitwit_db_replica_connections{server="b:3306"} 1',
    'minitwit_db_replica_waiting{server="a:3306"} 2',
    'minitwit_db_replica_waiting{server="b:3306"} 0',
  ]);
});

test('without replicas there are no metrics of replicas', async () => {
  const text = await readMetrics({ replicas: [] });
  expect(text).not.toMatch(/minitwit_db_re/);
});
