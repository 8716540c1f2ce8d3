import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { skeleton } from '../names/skeleton.ts';

const BATCH_SIZE = 1000;

/**
 * Stores the names of all users who have no row in `taken_name`: a version without this table has registered them. If
 * names of such users resemble each other, the first user gets the row, and all of them retain their names. Returns
 * the number of new rows.
 */
export async function addTakenNames(connection: Connection): Promise<number> {
  let added = 0;
  let lastId = 0;
  for (;;) {
    const [users] = await connection.query<RowDataPacket[]>(
      `select user.user_id as userId, user.username
       from user
       left join taken_name on taken_name.user_id = user.user_id
       where user.user_id > :lastId and taken_name.user_id is null
       order by user.user_id
       limit :limit`,
      { lastId, limit: BATCH_SIZE },
    );
    if (users.length === 0) return added;
    lastId = Number(users.at(-1)?.userId);
    const [{ affectedRows }] = await connection.query<ResultSetHeader>(
      `insert ignore into taken_name (skeleton, user_id)
       values :rows`,
      { rows: users.map(({ userId, username }) => [skeleton(String(username)), userId]) },
    );
    added += affectedRows;
  }
}
