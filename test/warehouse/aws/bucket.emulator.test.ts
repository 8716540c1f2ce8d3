import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  GetObjectAclCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { findDump, listDumps } from '../../../src/warehouse/bucket/dumps.ts';
import { checkBucket, createS3 } from '../../../src/warehouse/bucket/s3.ts';
import { uploadDump, uploadFiles } from '../../../src/warehouse/bucket/s3-upload.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { waitFor } from '../../support/wait-for.ts';

const MIB = 1024 * 1024;
const bucket = `minitwit-warehouse-${randomBytes(4).toString('hex')}`;
const run = '20261123T001500Z-3f9a';
const defer = useCleanup();
let s3: S3Client;
let target: Parameters<typeof uploadDump>[0];

beforeAll(async () => {
  await openEmulatedAccount(defer);
  s3 = createS3();
  defer(() => s3.destroy());
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
});
beforeEach(() => {
  target = { s3, bucket, run, signal: new AbortController().signal };
});

/** Creates a stream of this many bytes, which ends, fails or hangs. */
function dumpOf(bytes: number, end: Error | 'end' | 'silence' = 'end'): Readable {
  let sent = 0;
  return new Readable({
    read() {
      if (sent < bytes) this.push(Buffer.alloc(MIB, (sent += MIB) / MIB));
      else if (end === 'end') this.push(null);
      else if (end !== 'silence') this.destroy(end);
    },
  });
}

async function listUnfinished(): Promise<unknown[]> {
  return (await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [];
}

async function listKeys(): Promise<unknown[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key }) => Key);
}

/** Creates a client whose requests are passed to `inspect`, which may throw. */
function watch(inspect: (method: string, path: string, headers: Record<string, string>) => void) {
  const client = createS3();
  onTestFinished(() => client.destroy());
  client.middlewareStack.add(
    (next) => (args) => {
      const { method, path, query, headers } = args.request as {
        method: string;
        path: string;
        query: Record<string, string>;
        headers: Record<string, string>;
      };
      inspect(method, `${path}?${new URLSearchParams(query)}`, headers);
      return next(args);
    },
    { step: 'finalizeRequest' },
  );
  return client;
}

test('checkBucket accepts a writable bucket, and stores nothing in it', async () => {
  await checkBucket(s3, bucket);
  expect(await listUnfinished()).toEqual([]);
  expect(await listKeys()).toEqual([]);
});

test('checkBucket reports a missing bucket', async () => {
  await expect(checkBucket(s3, 'minitwit-nowhere')).rejects.toThrow(
    'WAREHOUSE_BUCKET: the bucket minitwit-nowhere does not exist. Create it, or correct the name.',
  );
});

test('uploaded files are encrypted and private, and have their content types', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-run-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const types = {
    'report.html': 'text/html; charset=utf-8',
    'stats.json': 'application/json',
    'posts.csv': 'text/csv; charset=utf-8',
  };
  const paths = Object.keys(types).map((name) => join(folder, name));
  for (const path of paths) await writeFile(path, 'x');
  await uploadFiles(target, paths);
  await uploadDump(target, dumpOf(MIB));
  for (const [name, type] of Object.entries({ ...types, 'dump.sql.gz': 'application/gzip' })) {
    const place = { Bucket: bucket, Key: `runs/${run}/${name}` };
    const head = await s3.send(new HeadObjectCommand(place));
    expect(head).toMatchObject({ ContentType: type, ServerSideEncryption: 'AES256' });
    const { Grants = [], Owner } = await s3.send(new GetObjectAclCommand(place));
    expect(Grants.map(({ Grantee }) => Grantee?.ID)).toEqual([Owner?.ID]);
  }
});

test('a large dump is uploaded in parts with checksums, and downloaded unchanged', async () => {
  const parts: string[] = [];
  let encryption: string | undefined;
  const client = watch((method, path, headers) => {
    const part = /partNumber=(\d+)/.exec(path)?.[1];
    if (part) parts.push(`${part} ${headers['x-amz-checksum-crc32']?.length}`);
    if (method === 'POST') encryption ??= headers['x-amz-server-side-encryption'];
  });
  await uploadDump({ ...target, s3: client }, dumpOf(20 * MIB));
  expect(parts.toSorted()).toEqual(['1 8', '2 8']);
  expect(encryption).toBe('AES256');
  const stored = await findDump(s3, bucket, 'latest');
  const bytes = await buffer(await stored.open());
  expect(bytes.equals(await buffer(dumpOf(20 * MIB)))).toBe(true);
});

test('an interrupted upload removes its parts', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const body = dumpOf(20 * MIB, 'silence');
  const upload = uploadDump({ ...target, signal }, body);
  await waitFor('an upload', async () => (await listUnfinished()).length === 1);
  controller.abort(new Error('The operator pressed Ctrl-C.'));
  await expect(upload).rejects.toThrow(/^The operator pressed Ctrl-C\.$/);
  expect(await listUnfinished()).toEqual([]);
});

test('a failed dump removes its parts, and its error is thrown unchanged', async () => {
  const lost = Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' });
  const upload = uploadDump(target, dumpOf(20 * MIB, lost));
  await expect(upload).rejects.toBe(lost);
  expect(await listUnfinished()).toEqual([]);
});

test('a refused part ends the upload and the dump', async () => {
  const client = watch((_method, path) => {
    if (!path.includes('partNumber=2')) return;
    throw Object.assign(new Error('no more'), { name: 'AccessDenied', $metadata: {} });
  });
  const body = dumpOf(80 * MIB);
  const upload = uploadDump({ ...target, s3: client }, body);
  await expect(upload).rejects.toThrow(
    /^Cannot store s3:\/\/minitwit-warehouse-\w+\/runs\/.*\/dump\.sql\.gz: AWS returned AccessDenied: no more/,
  );
  expect(body.destroyed).toBe(true);
  expect(await listUnfinished()).toEqual([]);
});

test('listDumps lists runs newest first, and findDump finds the dump of a run', async () => {
  const newer = '20270101T000000Z-0001';
  await uploadDump({ ...target, run: newer }, dumpOf(MIB));
  await uploadDump(target, dumpOf(MIB));
  expect(await listDumps(s3, bucket)).toEqual([newer, run]);
  expect((await findDump(s3, bucket, 'latest')).name).toContain(newer);
  expect((await findDump(s3, bucket, run)).name).toContain(run);
  await expect(findDump(s3, bucket, '20250101T000000Z-0001')).rejects.toThrow(
    `The bucket ${bucket} has no dump of the run 20250101T000000Z-0001: there are ${newer}, ${run}.`,
  );
});
