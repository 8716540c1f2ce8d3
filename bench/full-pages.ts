import type { RowDataPacket } from 'mysql2/promise';
import { PAGE_SIZE } from '../src/repositories/page.ts';
import type { DataSet } from './data-sets.ts';
import { withBenchConnection } from './databases.ts';

/** Lists the ids of the users whose page is full, in ascending order. */
export function listUsersWithFullPage({ ours }: Pick<DataSet, 'ours'>): Promise<number[]> {
  return withBenchConnection(ours, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>(
      `select author_id as authorId from message
       group by author_id having count(*) >= :size order by author_id`,
      { size: PAGE_SIZE },
    );
    return rows.map(({ authorId }) => Number(authorId));
  });
}
