import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { withConnection } from '../../database/with-connection.ts';
import { uploadDump, uploadFiles } from '../bucket/s3-upload.ts';
import { createCopyEndpoint } from '../copy/endpoint.ts';
import { createDump } from '../dump/write-dump.ts';
import { reportFolder } from '../report/folders.ts';
import type { Uploader } from '../context.ts';
import { AS_OF_TAG } from './copy-job.ts';

const WAIT_MAX_MS = 60_000;

/** The options of an uploader. */
export interface UploaderOptions {
  s3: S3Client;
  bucket: string;
  /** The folder of all reports. Each run has a folder in it. */
  folder: string;
  /** The program's version. */
  program: string;
  print: (line: string) => void;
}

/** Creates the function that uploads a run's report, its statistics and a dump of the warehouse to S3. */
export function createUploader({ s3, bucket, folder, program, print }: UploaderOptions): Uploader {
  return async (warehouse, { id, results, signal }) => {
    const target = { s3, bucket, run: id, signal };
    print(`Uploading report and dump to s3://${bucket} …`);
    const files = reportFolder(folder, id);
    await uploadFiles(
      target,
      (await readdir(files)).map((name) => join(files, name)),
    );
    const origin = { run: id, program, asOf: results[AS_OF_TAG] ?? '' };
    await withConnection(warehouse, { waitMaxMs: WAIT_MAX_MS, signal }, (connection) =>
      uploadDump(target, createDump(createCopyEndpoint('The warehouse', connection), origin)),
    );
  };
}
