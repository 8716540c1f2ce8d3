import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Manifest } from '../../../src/warehouse/parquet/manifest.ts';
import { prepareFolder } from '../../../src/warehouse/parquet/folder.ts';
import { createLocalStore } from '../../../src/warehouse/parquet/store.ts';
import { findStatistic, type Report } from '../../../src/warehouse/report/report.ts';
import { analyseExport } from '../../../src/warehouse/steps/analyse-export.ts';
import { AS_OF_S, SAMPLE, type Tables, withTables } from '../statistics/sample.ts';

const EARLIER = '20261118T120000Z-0001';
const RUN = '20261125T120000Z-0002';
const OWN = {
  name: 'own',
  title: 'Own',
  meaning: 'An own statistic.',
  sql: 'select count(*) as users from "user"',
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitwit-parquet-'));
  await prepareFolder(folder);
  return () => rm(folder, { recursive: true });
});

/** Writes the Parquet files of a run with these tables, and returns its manifest. */
async function exportTables(run: string, data: Tables): Promise<Manifest> {
  const files = (await withTables(data, async (duckdb) => {
    const written: [string, unknown][] = [];
    for (const table of ['user', 'message', 'follower']) {
      const path = `${table}/part=0/${run}.parquet`;
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await duckdb.run(`copy "${table}" to '${join(folder, path)}' (format parquet)`);
      const file = { path, part: 0, rows: 1, bytes: 1, sha256: '', checksum: run.slice(-4) };
      written.push([table, { rows: 1, files: [{ ...file, provedAtS: AS_OF_S }] }]);
    }
    return written;
  })) as [string, Manifest['tables']['user']][];
  const tables = Object.fromEntries(files) as unknown as Manifest['tables'];
  const figures = { people: 5, follows: data.follows.length };
  return { format: 1, run, program: '1.11.0', asOf: '2026-11-18T12:00:00Z', tables, figures };
}

function analyseRun(
  { run, tables }: Manifest,
  manifests: Manifest[],
  { sql = OWN.sql, hasFiles = true, signal = new AbortController().signal } = {},
): Promise<Report> {
  const store = { ...createLocalStore(folder), ensureFile: () => Promise.resolve(hasFiles) };
  const copy = { asOfS: AS_OF_S, tables: [] };
  return analyseExport({ run, copy, store, tables, manifests, own: [{ ...OWN, sql }], signal });
}

/** The names of the authors that gained followers, and how many. */
function gained({ statistics }: Report): unknown[] {
  return findStatistic(statistics, 'rising-authors').rows.map(([name, , , count]) => [name, count]);
}

test('a run is compared with the follows and the key figures of the newest earlier run', async () => {
  const earlier = await exportTables(EARLIER, { ...SAMPLE, follows: SAMPLE.followsBefore ?? [] });
  const current = await exportTables(RUN, SAMPLE);
  const report = await analyseRun(current, [earlier]);
  expect(report.before).toMatchObject({ run: EARLIER, totals: { people: 5, follows: 2 } });
  expect(report.history).toEqual([expect.objectContaining({ run: EARLIER })]);
  expect(gained(report)).toEqual([
    ['alice', 2],
    ['carol', 1],
  ]);
  expect(report.statistics.at(-1)).toMatchObject({ name: 'own', rows: [[5]] });
  // Its own manifest has the same data.
  const repeated = await analyseRun(current, [current, earlier]);
  expect({ ...repeated, history: [] }).toEqual({ ...report, history: [] });
});

test('the first run, and a run whose earlier files are lost, are compared with none', async () => {
  const current = await exportTables(RUN, SAMPLE);
  const first = await analyseRun(current, []);
  expect(first.before).toBeNull();
  expect(gained(first)).toEqual([
    ['alice', 3],
    ['bob', 1],
    ['carol', 1],
  ]);
  const earlier = await exportTables(EARLIER, SAMPLE);
  expect((await analyseRun(current, [earlier], { hasFiles: false })).before).toBeNull();
});

test.each([
  ['another file', `select * from read_text('/etc/hostname')`],
  [
    'the messages of the earlier run',
    `select * from read_parquet('FOLDER/message/part=0/${EARLIER}.parquet')`,
  ],
  ['a file that does not exist', `copy "user" to 'FOLDER/user.csv'`],
])('a statistic of the operator cannot read or write %s', async (_, sql) => {
  const earlier = await exportTables(EARLIER, { ...SAMPLE, follows: [] });
  const current = await exportTables(RUN, SAMPLE);
  const report = await analyseRun(current, [earlier], { sql: sql.replace('FOLDER', folder) });
  expect(report.statistics.at(-1)).toMatchObject({ name: 'own', rows: [] });
  expect(report.statistics.at(-1)?.error).toMatch(/Permission Error|read only/);
});

test('a stop of the run ends a statistic that is computed', async () => {
  const manifest = await exportTables(RUN, SAMPLE);
  const stop = new AbortController();
  const sql = `select count(*) from range(1000000000) as a cross join range(1000000) as b where a.range % 7 = b.range % 11`;
  const analysing = analyseRun(manifest, [], { sql, signal: stop.signal });
  setTimeout(() => stop.abort(new Error('The operator stops the run.')), 1500);
  await expect(analysing).rejects.toThrow('The operator stops the run.');
});
