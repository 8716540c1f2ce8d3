import { expect, test } from 'vitest';
import { assertConnectionsFit } from '../../../src/cloud/stack/connections-check.ts';

const check = (InstanceCount: string, InstanceMaxCount: string, DatabaseClass: string) => () =>
  assertConnectionsFit({ InstanceCount, InstanceMaxCount, DatabaseClass });

test.each([
  ['2', '0', 'db.t4g.micro'],
  ['2', '3', 'db.t4g.micro'],
  ['3', '6', 'db.t4g.small'],
  ['10', '12', 'db.t4g.medium'],
  // The memory of this class is unknown here.
  ['10', '50', 'db.r6g.24xlarge'],
])('%s to %s instances fit a %s', (count, maxCount, databaseClass) => {
  expect(check(count, maxCount, databaseClass)).not.toThrow();
});

test.each([
  ['4', '0', 'db.t4g.micro'],
  ['2', '4', 'db.t4g.micro'],
])('%s to %s instances do not fit a %s', (count, maxCount, databaseClass) => {
  expect(check(count, maxCount, databaseClass)).toThrow(
    'A db.t4g.micro allows about 60 connections, which are enough for 3 instances, and not for 4: each has up to 10, ' +
      'and its replacement too. Set a larger DatabaseClass, or fewer instances.',
  );
});

test('a maximum below the minimum is refused', () => {
  expect(check('3', '2', 'db.t4g.small')).toThrow(
    'InstanceMaxCount is 2, and InstanceCount is 3. Set an InstanceMaxCount of 3 or more, or 0.',
  );
});
