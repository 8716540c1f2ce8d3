import type { DatabaseConfig } from '../../config/config.ts';
import { withConnection } from '../../database/with-connection.ts';
import { initializeSchema } from '../../database/schema.ts';
import { analyse } from '../report/analyse.ts';
import { type CopyResult, copyDatabase } from '../copy/copy-database.ts';
import { createProgressBar, type Screen } from '../copy/progress.ts';
import type { Report } from '../report/report.ts';
import { reportFolder } from '../report/folders.ts';
import type { CopyJob, CopyOrder } from '../context.ts';

const WAIT_MAX_MS = 60_000;

/** The tag of a snapshot that says of when its copy is: ISO 8601, UTC. */
export const AS_OF_TAG = 'minitwit:as-of';

/** Where what comes of a copy goes, and where it shows how far it is. */
export interface CopyJobOutput {
  /** Where reports are kept, each in a folder of its run. */
  folder: string;
  screen: Screen;
}

/** What a run is for: to copy what is new, to analyse it and to report. */
export function createCopyJob(order: CopyOrder, { folder, screen }: CopyJobOutput): CopyJob {
  const { source } = order;
  const print = (line: string) => screen.write(`${line}\n`);
  return async (warehouse, { id, signal }) => {
    const patience = { waitMaxMs: WAIT_MAX_MS, signal };
    print(`Copying from ${source.name} at ${source.host}:${source.port} …`);
    await initializeSchema(warehouse, { ...patience, existing: 'retain' });
    const copy = await copyWithProgress(warehouse, order, screen, signal);
    print(formatCopy(copy));
    print('Computing statistics …');
    const report = await withConnection(warehouse, patience, (connection) =>
      analyse(connection, id, copy),
    );
    // ECharts takes half a second to load, which no other command needs.
    const { writeReport } = await import('../report/write.ts');
    const paths = await writeReport(reportFolder(folder, id), report);
    print(`The report: ${paths.find((path) => path.endsWith('.html'))}`);
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
  return `The warehouse has all ${rows} rows, proved by counts and checksums: ${sent} were sent, ${deleted} deleted.`;
}

/** What the snapshot of a run says of it. */
function snapshotTags({ asOf, tables }: Report): Record<string, string> {
  const counts = tables.map(({ table, rows }) => [`minitwit:rows-${table}`, String(rows)]);
  return { [AS_OF_TAG]: asOf, ...Object.fromEntries(counts) };
}
