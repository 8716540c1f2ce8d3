import { expect, test } from 'vitest';
import { runSql } from '../../support/database.ts';
import { changes, read, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();
const USER = 'select hex(username), hex(email), registered_at from user where user_id = 40';

/** Sets columns of a user that has been copied, copies again, and expects this user alone to be sent. */
async function expectNoticed(before: string, after: string): Promise<void> {
  await runSql(source, `update user set ${before} where user_id = 40`);
  await copy();
  await runSql(source, `update user set ${after} where user_id = 40`);
  expect(changes((await copy()).tables, 'user')).toEqual({ sent: 1, deleted: 1, rows: 4 });
  expect(await read(warehouse, USER)).toEqual(await read(source, USER));
}

test.each([
  ['NUL', "username = 'a\\0b', email = 'c'", "username = 'a', email = 'b\\0c'"],
  ['a comma', "username = 'a,b', email = 'c'", "username = 'a', email = 'b,c'"],
  ['nothing', "username = 'ab', email = 'c'", "username = 'a', email = 'bc'"],
])('a text that moves to the next column is noticed with %s between them', (_, before, after) =>
  expectNoticed(before, after),
);

test('a null that becomes 0, and a 0 that becomes null, are noticed', async () => {
  await expectNoticed('registered_at = null', 'registered_at = 0');
  await expectNoticed('registered_at = 0', 'registered_at = null');
});
