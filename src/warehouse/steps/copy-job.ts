import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import { migrateSchema } from '../../database/schema.ts';
import { analyse } from '../report/analyse.ts';
import { type CopyResult, copyDatabase } from '../copy/copy-database.ts';
import { createProgressBar, type Screen } from '../copy/progress.ts';
import type { Report } from '../report/report.ts';
import { reportFolder } from '../report/folders.ts';
import type { CopyJob, CopyOrder } from '../context.ts';

const WAIT_MAX_MS = 60_000;

/** The tag of a snapshot whose value is the time of its copy: ISO 8601, UTC. */
export const AS_OF_TAG = 'minitwit:as-of';

/** Where a copy job writes its report and shows its progress. */
export interface CopyJobOutput {
  /** The folder of all reports. Each run gets a folder in it. */
  folder: string;
  screen: Screen;
}

/** Creates the job of a run: it copies the changes, computes the statistics, and writes the report. */
export function createCopyJob(order: CopyOrder, { folder, screen }: CopyJobOutput): CopyJob {
  const { source } = order;
  const print = (line: string) => screen.write(`${line}\n`);
  return async (warehouse, { id, signal }) => {
    const retryOptions = { waitMaxMs: WAIT_MAX_MS, signal };
    print(`Copying from ${source.name} at ${source.host}:${source.port} …`);
    await migrateSchema(warehouse, retryOptions);
    const copy = await copyWithProgress(warehouse, order, screen, signal);
    print(formatCopy(copy));
    print('Computing statistics …');
    const report = await withConnection(warehouse, retryOptions, (connection) =>
      analyse(connection, id, copy),
    );
    // ECharts takes half a second to load, which no other command needs.
    const { writeReport } = await import('../report/write.ts');
    const paths = await writeReport(reportFolder(folder, id), report);
    print(`Report: ${paths.find((path) => path.endsWith('.html'))}`);
    return snapshotTags(report);
  };
}

async function copyWithProgress(
  warehouse: DatabaseConfig,
  { source, ...how }: CopyOrder,
  screen: Screen,
  signal: AbortSignal,
): Promise<CopyResult> {
  const bar = createProgressBar(screen);
  try {
    return await copyDatabase(source, warehouse, { ...how, onProgress: bar.show, signal });
  } finally {
    bar.end();
  }
}

function formatCopy({ tables }: CopyResult): string {
  const [rows, sent, deleted] = (['rows', 'sent', 'deleted'] as const).map((what) =>
    tables.reduce((sum, table) => sum + table[what], 0).toLocaleString('en'),
  );
  return `The warehouse has all ${rows} rows, verified by counts and checksums: ${sent} were sent, ${deleted} deleted.`;
}

/** Returns the tags that describe a copy. */
function snapshotTags({ asOf, tables }: Report): Record<string, string> {
  const counts = tables.map(({ table, rows }) => [`minitwit:rows-${table}`, String(rows)]);
  return { [AS_OF_TAG]: asOf, ...Object.fromEntries(counts) };
}
