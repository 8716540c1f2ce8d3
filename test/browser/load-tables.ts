import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import type { Connection, RowDataPacket } from 'mysql2/promise';

const ROWS_PER_QUERY = 20_000;

const TABLES = {
  user: 'user_id bigint, username varchar, registered_at bigint',
  message: 'message_id bigint, author_id bigint, text varchar, pub_date bigint',
  follower: 'who_id bigint, whom_id bigint',
};

/** Copies the tables that the statistics read from MySQL into DuckDB. */
export async function loadTables(connection: Connection, duckdb: DuckDBConnection): Promise<void> {
  for (const [table, columns] of Object.entries(TABLES)) {
    await duckdb.run(`create or replace table "${table}" (${columns})`);
    const names = columns.split(', ').map((column) => column.split(' ')[0] ?? '');
    const appender = await duckdb.createAppender(table);
    const [key = '', second = ''] = table === 'follower' ? names : [names[0], '0'];
    let after = [-1, -1];
    while (true) {
      const [rows] = await connection.query<RowDataPacket[]>(
        `select ${names.join(', ')}
         from ${table}
         where ${key} > :first or (${key} = :first and ${second} > :next)
         order by ${names.slice(0, table === 'follower' ? 2 : 1).join(', ')}
         limit ${ROWS_PER_QUERY}`,
        { first: after[0], next: after[1] },
      );
      const last = rows.at(-1);
      if (!last) break;
      for (const row of rows)
        appendRow(
          appender,
          names.map((name) => row[name] as unknown),
        );
      after = [Number(last[key]), Number(last[second] ?? 0)];
    }
    appender.closeSync();
  }
}

function appendRow(appender: DuckDBAppender, values: unknown[]): void {
  for (const value of values) {
    if (value === null) appender.appendNull();
    else if (typeof value === 'string') appender.appendVarchar(value);
    else appender.appendBigInt(BigInt(value as number));
  }
  appender.endRow();
}
