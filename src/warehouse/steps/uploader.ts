import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { withConnection } from '../../database/with-connection.ts';
import type { WorkingCopy } from '../bucket/pull.ts';
import { push } from '../bucket/push.ts';
import { uploadDump, uploadFiles } from '../bucket/s3-upload.ts';
import { createCopyEndpoint } from '../copy/endpoint.ts';
import type { TableChecksums } from '../dump/format.ts';
import { createDump } from '../dump/write-dump.ts';
import { readManifests } from '../parquet/folder.ts';
import { EXPORTED_TABLES, type Manifest } from '../parquet/manifest.ts';
import { reportFolder } from '../report/folders.ts';
import type { Uploader } from '../context.ts';
import { AS_OF_TAG } from './copy-job.ts';

const WAIT_MAX_MS = 60_000;

/** The options of an uploader. */
export interface UploaderOptions {
  /** The bucket, and the folder of the Parquet files. */
  copy: WorkingCopy;
  /** The folder of all reports. Each run has a folder in it. */
  folder: string;
  /** The program's version. */
  program: string;
  print: (line: string) => void;
}

/**
 * Creates the function that uploads a run's report, its statistics, its Parquet files and a dump of the warehouse to S3.
 * It rejects with an OperatorError, and stores no dump, if the warehouse has other rows than those that were verified.
 */
export function createUploader({ copy, folder, program, print }: UploaderOptions): Uploader {
  return async (warehouse, { id, results, signal }) => {
    const target = { ...copy, run: id, signal };
    print(`Uploading report, Parquet files and dump to s3://${copy.bucket} …`);
    const files = reportFolder(folder, id);
    await uploadFiles(
      target,
      (await readdir(files)).map((name) => join(files, name)),
    );
    await push(copy, signal);
    const origin = { run: id, program, asOf: results[AS_OF_TAG] ?? '' };
    const verified = sumVerified(await findManifest(copy.folder, id));
    await withConnection(warehouse, { waitMaxMs: WAIT_MAX_MS, signal }, (connection) => {
      const endpoint = createCopyEndpoint('The warehouse', connection);
      return uploadDump(target, createDump(endpoint, origin, verified));
    });
  };
}

async function findManifest(folder: string, id: string): Promise<Manifest> {
  const manifest = (await readManifests(folder)).find(({ run }) => run === id);
  if (!manifest) throw new Error(`The run ${id} has no manifest.`);
  return manifest;
}

/** Returns the counts and checksums of the rows that the copy of a run verified, by table. */
function sumVerified({ tables }: Manifest): TableChecksums {
  const entries = EXPORTED_TABLES.map((table) => {
    const { rows: total, files } = tables[table];
    const checksum = files.reduce((sum, file) => sum ^ BigInt(file.checksum), 0n);
    return [table, { total, checksum: String(checksum) }];
  });
  return Object.fromEntries(entries) as TableChecksums;
}
