import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/web/server/metrics.ts';

const pool = { open: 1, used: 0, waiting: 0, requested: 3, waitedS: 0 };
const replicas = [
  { name: 'a:3306', reads: 5, isLeftOut: false, lagS: 0.25 },
  { name: 'b:3306', reads: 0, isLeftOut: true, lagS: 7 },
];

const readMetrics = (state: { replicas: typeof replicas }) =>
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
    'minitwit_db_replica_lag_seconds{server="b:3306"} 7',
    'minitwit_db_replica_left_out{server="a:3306"} 0',
    'minitwit_db_replica_left_out{server="b:3306"} 1',
  ]);
});

test('without replicas there are no metrics of replicas', async () => {
  const text = await readMetrics({ replicas: [] });
  expect(text).not.toMatch(/minitwit_db_re/);
});
