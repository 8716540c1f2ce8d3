// Creates the pictures of a warehouse's report in docs/: `npm run screenshots`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withConnection } from '../../src/database/with-connection.ts';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { withDuckdb } from '../../src/warehouse/duckdb/with-duckdb.ts';
import type { Manifest } from '../../src/warehouse/parquet/manifest.ts';
import { analyse } from '../../src/warehouse/report/analyse.ts';
import { readTotals, type Report } from '../../src/warehouse/report/report.ts';
import { writeReport } from '../../src/warehouse/report/write.ts';
import { launchChromium } from '../support/chromium.ts';
import { HANG_MS } from '../support/timeouts.ts';
import { loadTables } from './load-tables.ts';
import { fillYear } from './year.ts';

const END_S = Date.UTC(2026, 10, 22, 20) / 1000;
const WEEK_S = 7 * 86_400;

const folder = await mkdtemp(join(tmpdir(), 'minitwit-report-pictures-'));
const mariadb = await startPrivateMariadb(folder);
await initializeSchema(mariadb.config, { existing: 'refuse', waitMaxMs: HANG_MS });
const report = await withConnection(mariadb.config, { waitMaxMs: HANG_MS }, (connection) =>
  withDuckdb(folder, async (duckdb) => {
    const analyseAt = async (run: string, asOfS: number, before: Manifest | null) => {
      await fillYear(connection, { endS: END_S, untilS: asOfS });
      await loadTables(connection, duckdb);
      const table = {
        table: 'message',
        rows: 40_000,
        proved: 0,
        sent: 1234,
        deleted: 0,
        parts: [],
      };
      const copy = { asOfS, tables: [{ ...table, checksum: '1' }] };
      return analyse(duckdb, { run, copy, before, history: before ? [before] : [] });
    };
    const first = await analyseAt('20261115T200000Z-1c07', END_S - WEEK_S, null);
    await duckdb.run('create table follower_before as from follower');
    await duckdb.run('create or replace view before.follower as from main.follower_before');
    return analyseAt('20261122T200000Z-3f9a', END_S, toManifest(first));
  }),
);
await mariadb.stop();

const path = await writeReport(join(folder, 'report'), report);
const browser = await launchChromium();
for (const colorScheme of ['light', 'dark'] as const) {
  const page = await browser.newPage({
    colorScheme,
    viewport: { width: 1100, height: 1120 },
    deviceScaleFactor: 2,
  });
  await page.goto(pathToFileURL(path).href);
  await page.screenshot({ path: `docs/warehouse-report-${colorScheme}.png` });
  await page.close();
}
await browser.close();
await rm(folder, { recursive: true });
process.exit();

/** Returns a manifest with the key figures of a report. */
function toManifest({ run, asOf, statistics }: Report): Manifest {
  const none = { rows: 0, files: [] };
  const tables = { user: none, message: none, follower: none };
  return { format: 1, run, program: '', asOf, tables, figures: readTotals(statistics) };
}
