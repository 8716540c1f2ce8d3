import type { S3Client } from '@aws-sdk/client-s3';
import type { DatabaseConfig } from '../config.ts';
import { withConnection } from '../database/connection.ts';
import { initializeSchema } from '../database/schema.ts';
import { analyse } from './analyse.ts';
import { uploadDump, uploadFiles } from './bucket/upload.ts';
import { type Copy, copyDatabase } from './copy/copy.ts';
import { createProgressBar, type Screen } from './copy/progress.ts';
import { createSide } from './copy/side.ts';
import { createDump } from './dump/write-dump.ts';
import type { Report } from './report/report.ts';
import { writeReport } from './report/write.ts';
import { reportFolder } from './reports.ts';
import type { Work } from './run/run.ts';

const WAIT_MAX_MS = 60_000;

/** How a warehouse is to be filled, and where what comes of it goes. */
export interface WorkOptions {
  source: DatabaseConfig;
  withCredentials: boolean;
  /** Null for as fast as it can. */
  maxRowsPerSecond: number | null;
  /** Where reports are kept, each in a folder of its run. */
  folder: string;
  /** Where report and dump are kept as well; null for nowhere. */
  bucket: { s3: S3Client; name: string } | null;
  /** The program's version. */
  program: string;
  screen: Screen;
}

/** What a run is for: to copy what is new, to analyse and report it, and to keep a dump of it elsewhere. */
export function createWork(options: WorkOptions): Work {
  const { source, folder, bucket, screen } = options;
  const print = (line: string) => screen.write(`${line}\n`);
  return async (warehouse, { id, signal }) => {
    print(`Copying from ${source.name} at ${source.host}:${source.port} …`);
    const copy = await copyAll(warehouse, options, signal);
    print(describeCopy(copy));
    print('Computing statistics …');
    const report = await withConnection(warehouse, { waitMaxMs: WAIT_MAX_MS }, (connection) =>
      analyse(connection, id, copy),
    );
    signal.throwIfAborted();
    const paths = await writeReport(reportFolder(folder, id), report);
    print(`The report: ${paths.find((path) => path.endsWith('.html'))}`);
    if (bucket) {
      const target = { s3: bucket.s3, bucket: bucket.name, run: id, signal };
      print(`Keeping report and dump in s3://${bucket.name} …`);
      await uploadFiles(target, paths);
      await withConnection(warehouse, { waitMaxMs: WAIT_MAX_MS }, (connection) => {
        const origin = { run: id, program: options.program, asOf: report.asOf };
        const dump = createDump(createSide('The warehouse', connection), origin);
        return uploadDump(target, dump, () => undefined);
      });
    }
    return tagsOf(report);
  };
}

async function copyAll(
  warehouse: DatabaseConfig,
  { source, withCredentials, maxRowsPerSecond, screen }: WorkOptions,
  signal: AbortSignal,
): Promise<Copy> {
  await initializeSchema(warehouse, { existing: 'keep', waitMaxMs: WAIT_MAX_MS });
  const bar = createProgressBar(screen);
  try {
    return await copyDatabase(source, warehouse, {
      withCredentials,
      maxRowsPerSecond,
      onProgress: bar.show,
      signal,
    });
  } finally {
    bar.end();
  }
}

function describeCopy({ tables }: Copy): string {
  const [rows, sent, deleted] = (['rows', 'sent', 'deleted'] as const).map((what) =>
    tables.reduce((sum, table) => sum + table[what], 0).toLocaleString('en'),
  );
  return `The warehouse has all ${rows} rows, proved by counts and checksums: ${sent} were sent, ${deleted} deleted.`;
}

/** What the snapshot of a run says of it. */
function tagsOf({ asOf, tables }: Report): Record<string, string> {
  const counts = tables.map(({ table, rows }) => [`minitwit:rows-${table}`, String(rows)]);
  return { 'minitwit:as-of': asOf, ...Object.fromEntries(counts) };
}
