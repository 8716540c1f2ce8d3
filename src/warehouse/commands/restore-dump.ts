import { createReadStream } from 'node:fs';
import type { S3Client } from '@aws-sdk/client-s3';
import type { CommandContext } from '../../cli/command-context.ts';
import type { DatabaseConfig } from '../../config/config.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { findDump } from '../bucket/dumps.ts';
import { type Screen, withProgressBar } from '../../cli/progress-bar.ts';
import type { DumpHeader } from '../dump/format.ts';
import type { Dump } from '../dump/read-dump.ts';
import { restoreDump } from '../dump/load-dump.ts';

const RUN = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/;

/** The dump and the target of `restore-dump`. */
export interface RestoreDumpOptions {
  /** A run's id, `latest`, or the path of a file. */
  dumpName: string;
  s3: S3Client;
  /** Null when the settings name none. */
  bucket: string | null;
  target: DatabaseConfig;
  /** Whether existing rows are replaced. */
  force: boolean;
  /** Shows the progress. */
  screen: Screen;
}

/**
 * Restores a dump into MiniTwit's tables of a database.
 * @throws OperatorError, of one line, when the dump is not found or invalid, or when the restore fails
 */
export async function restoreDumpCommand(
  { print, signal }: Pick<CommandContext, 'print' | 'signal'>,
  options: RestoreDumpOptions,
): Promise<void> {
  const { target, force } = options;
  const database = `the database "${target.name}" at ${target.host}:${target.port}`;
  const dump = await chooseDump(options);
  print(`Reading ${dump.name} …`);
  if (force) print(`The dump replaces all rows of MiniTwit's tables in ${database}.`);
  const header = await restoreWithProgress(dump, options, signal);
  const rows = Object.entries(header.rows).map(([table, count]) => `${count} of ${table}`);
  print(
    `Restored ${database} as of ${header.asOf}, verified by counts and checksums: ${rows.join(', ')}.`,
  );
  if (!header.credentials) {
    print('No user can log in: the dump has no password hashes, since the warehouse copied none.');
  }
}

async function restoreWithProgress(
  dump: Dump,
  { target, force, screen }: RestoreDumpOptions,
  signal: AbortSignal,
): Promise<DumpHeader> {
  return withProgressBar(screen, ({ show }) =>
    restoreDump(dump, target, {
      existing: force ? 'replace' : 'refuse',
      onProgress: ({ rows, total }) => show({ table: 'dump', rows, share: rows / total }),
      signal,
    }),
  );
}

async function chooseDump({ dumpName, s3, bucket }: RestoreDumpOptions): Promise<Dump> {
  if (dumpName !== 'latest' && !RUN.test(dumpName)) {
    return { name: dumpName, open: async () => createReadStream(dumpName) };
  }
  if (bucket !== null) return findDump(s3, bucket, dumpName);
  throw new OperatorError('Set WAREHOUSE_BUCKET to the bucket of the dumps, or name a file.');
}
