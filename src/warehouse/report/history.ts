import { readFile } from 'node:fs/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { splitStatements } from '../../database/split-statements.ts';
import type { CopiedTable } from '../copy/copy-table.ts';
import { parseReport, type PastRun, readTotals, type Report } from './report.ts';

const TABLES = new URL('../../../src/warehouse/report/history.sql', import.meta.url);

/**
 * Returns the key figures of the newest run whose copy differs from `tables`. A repeated run of the same copy therefore has
 * the same comparison. Creates the tables of the history if they are missing.
 * @returns null without such a run, or if this version cannot parse its report
 */
export async function findPreviousRun(
  connection: Connection,
  tables: CopiedTable[],
): Promise<PastRun | null> {
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
  const report = found ? parseReport(String(found.report)) : null;
  return report && { run: report.run, asOf: report.asOf, figures: readTotals(report.statistics) };
}

/**
 * Saves a report and each user's number of followers for the next run. Deletes those of all other runs except the
 * compared one, which a repeated run of this copy needs. Idempotent.
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

/** Returns a text that identifies the copied data. It does not depend on whether password hashes are copied. */
function fingerprint(tables: Pick<CopiedTable, 'table' | 'rows' | 'checksum'>[]): string {
  // The table `user` has the hashes.
  const compared = tables.filter(({ table }) => table !== 'user');
  return compared.map(({ table, rows, checksum }) => `${table}:${rows}:${checksum}`).join();
}
