import { createReadStream } from 'node:fs';
import type { S3Client } from '@aws-sdk/client-s3';
import type { DatabaseConfig } from '../../config.ts';
import { OperatorError } from '../../errors.ts';
import { findDump } from '../bucket/dumps.ts';
import type { Dump } from '../dump/read-dump.ts';
import { type RestoreProgress, restoreDump } from '../dump/restore-dump.ts';

const RUN = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/;

/** What `restore-dump` works with. */
export interface RestoreDumpParts {
  /** A run's id, `latest`, or the path of a file. */
  wanted: string;
  s3: S3Client;
  /** Null when the settings name none. */
  bucket: string | null;
  target: DatabaseConfig;
  /** Whether rows that are there are to be replaced. */
  force: boolean;
  print: (line: string) => void;
  onProgress: (progress: RestoreProgress) => void;
  signal: AbortSignal;
}

/**
 * Brings a dump into a database, in the place of MiniTwit's tables there.
 * @throws OperatorError, one line, as `findDump` and `restoreDump` do
 */
export async function bringBackDump(parts: RestoreDumpParts): Promise<void> {
  const { target, force, print, onProgress, signal } = parts;
  const dump = await chooseDump(parts);
  print(`Reading ${dump.name} …`);
  const existing = force ? 'replace' : 'refuse';
  const header = await restoreDump(dump, target, { existing, onProgress, signal });
  const rows = Object.entries(header.rows).map(([table, count]) => `${count} of ${table}`);
  print(
    `The database "${target.name}" at ${target.host}:${target.port} is as it was at ${header.asOf}, proved by counts and checksums: ${rows.join(', ')}.`,
  );
  if (!header.credentials) {
    print('Nobody can log in to it: the dump has no passwords, since it was copied without them.');
  }
}

async function chooseDump({ wanted, s3, bucket }: RestoreDumpParts): Promise<Dump> {
  if (wanted !== 'latest' && !RUN.test(wanted)) {
    return { name: wanted, open: async () => createReadStream(wanted) };
  }
  if (bucket !== null) return findDump(s3, bucket, wanted);
  throw new OperatorError('Set WAREHOUSE_BUCKET, where the dumps are, or name a file.');
}
