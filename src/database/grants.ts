import type { Connection, QueryError, RowDataPacket } from 'mysql2/promise';

/** Lists the grants of a database user in the server's words. Returns null if the user does not exist. */
export async function listGrants(connection: Connection, name: string): Promise<string[] | null> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>("show grants for :name@'%'", { name });
    return rows.flatMap((row) => Object.values(row).map(String));
  } catch (error) {
    if ((error as QueryError).code === 'ER_NONEXISTING_GRANT') return null;
    throw error;
  }
}
