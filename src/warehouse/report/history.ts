import { readFile } from 'node:fs/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { splitStatements } from '../../database/split-statements.ts';
import type { CopiedTable } from '../copy/copy-table.ts';
import { parseReport, type Report } from './report.ts';

const TABLES = new URL('../../../src/warehouse/report/history.sql', import.meta.url);

/**
 * What the newest run found whose copy was another than this: a run that is made again for the same copy is
 * compared with what the first was compared with. It makes the tables in which runs leave that, if need be.
 * @returns null when there is none, or none that this version can read
 */
export async function findPreviousRun(
  connection: Connection,
  tables: CopiedTable[],
): Promise<Report | null> {
  for (const statement of splitStatements(await readFile(TABLES, 'utf8'))) {
    await connection.query(statement);
  }
  const [[found]] = await connection.query<RowDataPacket[]>(
    `select report from run
      where fingerprint <> :fingerprint
      order by as_of_s desc
      limit 1`,
    { fingerprint: fingerprint(tables) },
  );
  return found ? parseReport(String(found.report)) : null;
}

/**
 * Leaves a report, and how many follow each person, for the next run. Of what others left, only what this one was
 * compared with remains, for a run that is made again for this copy. To do it again changes nothing.
 */
export async function saveRun(connection: Connection, report: Report): Promise<void> {
  const { run, asOf, tables, before } = report;
  const others = { before: before?.run ?? '' };
  await connection.query('begin');
  await connection.query('delete from run where run <> :before', others);
  await connection.query('delete from followers_at where run <> :before', others);
  await connection.query(
    `insert into run (run, as_of_s, fingerprint, report)
      values (:run, :asOfS, :fingerprint, :report)`,
    {
      run,
      asOfS: Date.parse(asOf) / 1000,
      fingerprint: fingerprint(tables),
      report: JSON.stringify(report),
    },
  );
  await connection.query(
    `insert into followers_at (run, user_id, followers)
      select :run, user_id, followers from person where followers > 0`,
    { run },
  );
  await connection.query('commit');
}

/** What tells a copy from others: with passwords' hashes and without, it is the same one. */
function fingerprint(tables: CopiedTable[]): string {
  // the hashes are in `user`, whose people each have a row in `profile`
  const compared = tables.filter(({ table }) => table !== 'user');
  return compared.map(({ table, rows, checksum }) => `${table}:${rows}:${checksum}`).join();
}
