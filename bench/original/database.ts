import mysql, { type ResultSetHeader } from 'mysql2/promise';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { connectionOptions } from '../../src/database/open-connection.ts';
import { ANY_SERVER } from '../../src/database/primary.ts';

/** Returns a database without time limits, because the original's queries can exceed them. */
export function openUnboundedDatabase(config: DatabaseConfig): Database {
  const pool = mysql.createPool({
    ...connectionOptions(config),
    connectionLimit: config.poolSize,
  });
  return {
    ...openDatabase(config),
    async select<Row>(sql: string, parameters = {}) {
      const [rows] = await pool.query(sql, { isPrimary: ANY_SERVER, ...parameters });
      return rows as Row[];
    },
    async execute(sql, parameters = {}) {
      const [result] = await pool.query<ResultSetHeader>(sql, parameters);
      return result;
    },
    end: () => pool.end(),
  };
}
