import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type Readable, addAbortSignal } from 'node:stream';
import { Upload } from '@aws-sdk/lib-storage';
import { withAwsError } from '../../aws/errors.ts';
import { dumpKey, runKey } from './keys.ts';
import { ENCRYPTION } from './s3.ts';
import type { Bucket } from './s3-objects.ts';

// An upload has at most 10,000 parts, so a dump can have 160 GB.
const PART_BYTES = 16 * 1024 * 1024;
const PARTS_AT_ONCE = 2;

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.csv': 'text/csv; charset=utf-8',
  '.gz': 'application/gzip',
  '.parquet': 'application/vnd.apache.parquet',
  '.txt': 'text/plain; charset=utf-8',
};

/** The destination of an upload. */
export interface UploadTarget extends Bucket {
  run: string;
  signal: AbortSignal;
}

/** Uploads files to the run's folder, each with its own name. */
export async function uploadFiles(target: UploadTarget, paths: string[]): Promise<void> {
  for (const path of paths) {
    target.signal.throwIfAborted();
    await storeObject(target, runKey(target.run, basename(path)), await readFile(path));
  }
}

/**
 * Uploads a dump while it is written, in parts with a checksum each. After a failure or an abort, the uploaded parts
 * are deleted before this rejects.
 * @throws OperatorError if AWS refuses; the error of the stream; the signal's reason
 */
export async function uploadDump(target: UploadTarget, dump: Readable): Promise<void> {
  try {
    await storeObject(target, dumpKey(target.run), addAbortSignal(target.signal, dump));
  } catch (error) {
    target.signal.throwIfAborted();
    throw error;
  } finally {
    dump.destroy();
  }
}

/**
 * Stores an object with the content type of its key's extension. A stream is uploaded in parts.
 * @throws OperatorError if AWS refuses; the error of the stream
 */
export async function storeObject(
  { s3, bucket }: Bucket,
  key: string,
  body: Readable | Buffer,
): Promise<void> {
  // To abort, the source stream is destroyed. The upload's own `abort` does not wait until its parts are deleted.
  const upload = new Upload({
    client: s3,
    params: {
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: CONTENT_TYPES[extname(key)],
      // The environment could change the default.
      ChecksumAlgorithm: 'CRC32',
      ...ENCRYPTION,
    },
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
  });
  await withAwsError(`Cannot store s3://${bucket}/${key}`, upload.done());
}
