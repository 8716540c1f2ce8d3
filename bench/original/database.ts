import mysql, { type ResultSetHeader } from 'mysql2/promise';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { connectionOptions } from '../../src/database/open-connection.ts';

/** Our database without our bounds of time: the original's queries need more at times. */
export function openPatientDatabase(config: DatabaseConfig): Database {
  const pool = mysql.createPool({
    ...connectionOptions(config),
    connectionLimit: config.poolSize,
  });
  return {
    ...openDatabase(config),
    async select<Row>(sql: string, parameters = {}) {
      const [rows] = await pool.query(sql, parameters);
      return rows as Row[];
    },
    async change(sql, parameters = {}) {
      const [result] = await pool.query<ResultSetHeader>(sql, parameters);
      return result;
    },
    end: () => pool.end(),
  };
}
