import { pathToFileURL } from 'node:url';
import type { DatabaseConfig } from '../../config/config.ts';
import { migrateTables } from '../../database/schema.ts';
import { type CopyResult, copyDatabase } from '../copy/copy-database.ts';
import { type Screen, withProgressBar } from '../../cli/progress-bar.ts';
import { type ExportedFiles, exportCopy } from '../parquet/export-copy.ts';
import { readManifests, writeManifest } from '../parquet/folder.ts';
import { formatSize } from '../../cli/format-size.ts';
import { EXPORTED_TABLES } from '../parquet/manifest.ts';
import type { ParquetStore } from '../parquet/store.ts';
import { readTotals, type Report } from '../report/report.ts';
import { reportFolder } from '../report/folders.ts';
import type { OwnStatistic } from '../statistics/own-statistics.ts';
import type { CopyJob, CopyOrder } from '../context.ts';
import { analyseExport } from './analyse-export.ts';

const WAIT_MAX_MS = 60_000;

/** The tag of a snapshot whose value is the time of its copy: ISO 8601, UTC. */
export const AS_OF_TAG = 'minitwit:as-of';

/** Where a copy job writes its report and shows its progress. */
export interface CopyJobOutput {
  /** The folder of all reports. Each run gets a folder in it. */
  folder: string;
  screen: Screen;
  /** The Parquet files of this run and of those before. */
  store: ParquetStore;
  /** The program's version. */
  program: string;
  /** The operator's own statistics. */
  own: OwnStatistic[];
}

/**
 * Creates the job of a run: it copies the changes, exports them as Parquet files, computes the statistics, and writes
 * the report and the manifest of the files.
 */
export function createCopyJob(
  order: CopyOrder,
  { folder, screen, store, program, own }: CopyJobOutput,
): CopyJob {
  const { source } = order;
  const print = (line: string) => screen.write(`${line}\n`);
  return async (warehouse, { id, signal }) => {
    const retryOptions = { waitMaxMs: WAIT_MAX_MS, signal };
    print(`Copying from ${source.name} at ${source.host}:${source.port} …`);
    await migrateTables(warehouse, retryOptions);
    const copy = await copyWithProgress(warehouse, order, screen, signal);
    print(formatCopy(copy));
    print('Exporting changes as Parquet files …');
    await store.open();
    const manifests = await readManifests(store.folder);
    const exported = await withProgressBar(screen, ({ show: onProgress }) =>
      exportCopy(warehouse, { store, tables: copy.tables, manifests, onProgress, signal }),
    );
    print(formatExport(exported));
    print('Computing statistics …');
    const { tables } = exported;
    const subject = { run: id, copy, store, tables, manifests, own, signal };
    const report = await analyseExport(subject);
    printFailures(report, print);
    // ECharts takes half a second to load, which no other command needs.
    const { writeReport } = await import('../report/write.ts');
    const path = await writeReport(reportFolder(folder, id), report);
    print(`Report: ${pathToFileURL(path).href}`);
    await writeManifest(store.folder, {
      format: 1,
      run: id,
      program,
      asOf: report.asOf,
      tables,
      figures: readTotals(report.statistics),
    });
    return snapshotTags(report);
  };
}

async function copyWithProgress(
  warehouse: DatabaseConfig,
  { source, ...how }: CopyOrder,
  screen: Screen,
  signal: AbortSignal,
): Promise<CopyResult> {
  return withProgressBar(screen, (bar) => {
    const onRetry = (message: string) => {
      bar.end();
      screen.write(`${message}\n`);
    };
    return copyDatabase(source, warehouse, { ...how, onProgress: bar.show, onRetry, signal });
  });
}

/** A failed statistic of the operator's does not fail the run, whose report has the others. */
function printFailures({ statistics }: Report, print: (line: string) => void): void {
  for (const { name, error } of statistics) {
    if (error !== undefined) print(`Your statistic ${name}.sql failed: ${error}`);
  }
}

/** Returns sentences about a copy, which call only those rows verified that this run has compared. */
export function formatCopy({ asOfS, tables }: CopyResult): string {
  const format = (count: number) => count.toLocaleString('en');
  const [rows = 0, proved = 0, sent = 0, deleted = 0] = (
    ['rows', 'proved', 'sent', 'deleted'] as const
  ).map((what) => tables.reduce((sum, table) => sum + table[what], 0));
  const changes = `${format(sent)} were sent, ${format(deleted)} deleted`;
  if (proved === rows)
    return `The warehouse has all ${format(rows)} rows, verified by counts and checksums: ${changes}.`;
  const oldestS = Math.min(
    asOfS,
    ...tables.flatMap(({ parts }) => parts.map(({ provedAtS }) => provedAtS)),
  );
  const since = new Date(oldestS * 1000).toISOString();
  return `The warehouse has as many rows as MiniTwit's database, ${format(rows)}: ${changes}. This run verified ${format(proved)} of them by checksums. The others were last verified by a run since ${since}. To verify all of them, add --prove-all.`;
}

function formatExport({ tables, written, bytes }: ExportedFiles): string {
  const files = EXPORTED_TABLES.reduce((sum, table) => sum + tables[table].files.length, 0);
  return `Wrote ${written} of ${files} Parquet files, ${formatSize(bytes)}.`;
}

/** Returns the tags that describe a copy. */
function snapshotTags({ asOf, tables }: Report): Record<string, string> {
  const counts = tables.map(({ table, rows }) => [`minitwit:rows-${table}`, String(rows)]);
  return { [AS_OF_TAG]: asOf, ...Object.fromEntries(counts) };
}
