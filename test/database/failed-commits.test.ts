import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { OUTCOME_UNKNOWN, TRY_AGAIN } from '../../src/database/outage-error.ts';
import { createMessages } from '../../src/repositories/messages.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';
import { useCleanup } from '../support/cleanup.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const { config, database } = useDatabase();
// Each commit calls a procedure of this name instead.
const proxy = await startTcpProxy(config, { rewrite: [/\bcommit/g, 'call c'] });
const failing = openDatabase({ ...proxy.config, poolSize: 1 });
const defer = useCleanup();
defer(() => failing.end());
let alice: number;

beforeAll(async () => {
  const { users } = createRepositories(database);
  alice = await users.createUser({ username: 'alice', email: 'a@b', passwordHash: 'x' });
});

test.each([
  [1180, 1, OUTCOME_UNKNOWN],
  [1213, 2, TRY_AGAIN],
  [3098, 2, TRY_AGAIN],
  [3100, 1, OUTCOME_UNKNOWN],
  [3101, 2, TRY_AGAIN],
])('a post whose commit fails with error %i is sent %i times', async (errno, sent, message) => {
  await runSql(
    config,
    'drop table if exists attempt',
    // A rollback has no effect on this engine.
    'create table attempt (errno int) engine = MyISAM',
    'drop procedure if exists c',
    `create procedure c() begin
       insert into attempt values (${errno});
       signal sqlstate 'HY000' set mysql_errno = ${errno}, message_text = 'the commit failed';
     end`,
  );
  const post = createMessages(failing).createMessage(alice, 'hello');
  await expect(post).rejects.toMatchObject({ code: 'unavailable', message });
  expect(await database.select('select errno from attempt')).toHaveLength(sent);
  expect(await database.select('select message_id from message')).toEqual([]);
});
