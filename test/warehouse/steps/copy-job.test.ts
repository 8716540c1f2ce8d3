import { expect, test } from 'vitest';
import { formatCopy } from '../../../src/warehouse/steps/copy-job.ts';

const asOfS = Date.UTC(2026, 10, 29) / 1000;
const dayBefore = asOfS - 86_400;
const part = { part: 0, rows: 1500, checksum: '1' };
const table = { table: 'message', rows: 1500, checksum: '1', sent: 20, deleted: 3 };

test('a copy that compared all rows is called verified', () => {
  const parts = [{ ...part, provedAtS: asOfS }];
  expect(formatCopy({ asOfS, tables: [{ ...table, proved: 1500, parts }] })).toBe(
    'The warehouse has all 1,500 rows, verified by counts and checksums: 20 were sent, 3 deleted.',
  );
});

test('a copy that counted some rows calls only the compared ones verified', () => {
  const parts = [{ ...part, provedAtS: dayBefore }];
  expect(formatCopy({ asOfS, tables: [{ ...table, proved: 400, parts }] })).toBe(
    "The warehouse has as many rows as MiniTwit's database, 1,500: 20 were sent, 3 deleted. This run verified 400 of them by checksums. The others were last verified by a run since 2026-11-28T00:00:00.000Z. To verify all of them, add --prove-all.",
  );
});
