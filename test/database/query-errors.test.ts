import type { QueryError } from 'mysql2';
import { expect, test } from 'vitest';
import { findOutage, isRolledBack, type Outage } from '../../src/database/query-errors.ts';

const createError = (errno: number, message = '') =>
  Object.assign(new Error(message), { errno, sqlState: 'HY000' }) as unknown as QueryError;

test.each<[errno: number, outage: Outage | null]>([
  [1047, 'refused'],
  [1062, null],
  [1064, null],
  [1180, 'lost'],
  [1205, 'refused'],
  [1213, 'stale'],
  [1290, 'read_only'],
  [1452, null],
  [1792, 'read_only'],
  [1836, 'read_only'],
  [3098, 'read_only'],
  [3100, 'lost'],
  [3101, 'stale'],
  [3572, 'refused'],
  [3796, 'stale'],
  [3797, 'stale'],
  [3798, 'stale'],
  [3799, 'stale'],
])('the outage of error %i is %s', (errno, outage) => {
  expect(findOutage(createError(errno))).toBe(outage);
});

test('isRolledBack is true for commits that InnoDB or a read-only server has refused, and false for other errors', () => {
  const aborted = createError(
    1180,
    "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT",
  );
  expect(findOutage(aborted)).toBe('stale');
  const refused = [1205, 1213, 1290, 3098, 3101].map((errno) => createError(errno));
  expect([aborted, ...refused].filter(isRolledBack)).toHaveLength(6);
  const unknown = [1021, 1053, 1180, 1317, 1927, 3100].map((errno) => createError(errno));
  expect(unknown.filter(isRolledBack)).toEqual([]);
});
