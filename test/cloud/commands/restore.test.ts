import { expect, test } from 'vitest';
import { findProblem } from '../../../src/cloud/commands/restore.ts';

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
const PARAMETERS = { DatabaseVersion: '8.4.3', DatabaseStorageGib: '20' };

test.each([
  [{ engine: 'postgres' }, 'is of postgres, and not of MySQL'],
  [{ status: 'creating', percent: 40 }, 'is not available yet: creating, 40 %'],
  [{ version: '8.0.40' }, 'is of MySQL 8.0.40, and the stack of 8.4.3'],
  [
    { isEncrypted: false },
    'is not encrypted, as the stack’s database is. Restore an encrypted copy: aws rds copy-db-snapshot --kms-key-id ' +
      'alias/aws/rds --source-db-snapshot-identifier a-snapshot --target-db-snapshot-identifier a-snapshot-encrypted',
  ],
  [
    { sizeGib: 40 },
    'is of 40 GiB, and the stack’s database of 20. First: npm run cloud -- up --set DatabaseStorageGib=40',
  ],
])('a snapshot with %j does not fit', (difference, problem) => {
  expect(findProblem({ ...SNAPSHOT, ...difference }, PARAMETERS)).toBe(problem);
});

test('a snapshot of the same MySQL release and of no larger size fits', () => {
  expect(findProblem(SNAPSHOT, PARAMETERS)).toBeNull();
  expect(findProblem({ ...SNAPSHOT, sizeGib: 5 }, PARAMETERS)).toBeNull();
});
