import { expect, test } from 'vitest';
import { findSnapshotProblem } from '../../../src/cloud/database/restore-source.ts';

const SNAPSHOT = {
  id: 'a-snapshot',
  status: 'available',
  percent: 100,
  databaseId: 'database-1',
  engine: 'mysql',
  version: '8.4.11',
  sizeGib: 20,
  isEncrypted: true,
  createdAt: null,
  tags: {},
};
const PARAMETERS = { DatabaseVersion: '8.4.3' };

test.each([
  [{ engine: 'postgres' }, 'contains a database of postgres, not of MySQL'],
  [{ status: 'creating', percent: 40 }, 'is not available yet: creating, 40 %'],
  [{ version: '8.0.40' }, 'has MySQL 8.0.40, and the stack’s database has 8.4.3'],
  [
    { isEncrypted: false },
    'is not encrypted, but the stack’s database is. Restore an encrypted copy: aws rds copy-db-snapshot --kms-key-id ' +
      'alias/aws/rds --source-db-snapshot-identifier a-snapshot --target-db-snapshot-identifier a-snapshot-encrypted',
  ],
])('findSnapshotProblem returns the problem of a snapshot with %j', (difference, problem) => {
  expect(findSnapshotProblem({ ...SNAPSHOT, ...difference }, PARAMETERS)).toBe(problem);
});

test('findSnapshotProblem returns null for a snapshot of the same MySQL release, whatever its size', () => {
  expect(findSnapshotProblem(SNAPSHOT, PARAMETERS)).toBeNull();
  expect(findSnapshotProblem({ ...SNAPSHOT, sizeGib: 5000 }, PARAMETERS)).toBeNull();
});
