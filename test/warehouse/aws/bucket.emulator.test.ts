import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test, vi } from 'vitest';
import { findDump, listDumps } from '../../../src/warehouse/bucket/dumps.ts';
import { checkBucket, createS3 } from '../../../src/warehouse/bucket/s3.ts';
import { uploadDump, uploadFiles } from '../../../src/warehouse/bucket/upload.ts';
import { until } from '../../support/until.ts';
import { useAwsEmulator } from '../../support/use-aws-emulator.ts';

useAwsEmulator();

const MIB = 1024 * 1024;
const bucket = 'minitwit-warehouse';
const run = '20261123T001500Z-3f9a';
const s3 = createS3();
let target: Parameters<typeof uploadDump>[0];

beforeAll(() => s3.send(new CreateBucketCommand({ Bucket: bucket })));
afterAll(() => s3.destroy());
beforeEach(() => {
  target = { s3, bucket, run, signal: new AbortController().signal };
});

/** A stream of so many different bytes, which comes to an end, fails, or does neither. */
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

/** Has the requests of a test's own client looked at, or made to fail, on their way. */
function watch(look: (method: string, path: string, headers: Record<string, string>) => void) {
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
      look(method, `${path}?${new URLSearchParams(query)}`, headers);
      return next(args);
    },
    { step: 'finalizeRequest' },
  );
  return client;
}

test('a bucket that may be written to is found good, and is as empty afterwards', async () => {
  await checkBucket(s3, bucket);
  expect(await listUnfinished()).toEqual([]);
  expect(await listKeys()).toEqual([]);
});

test('a bucket that is not there is told', async () => {
  await expect(checkBucket(s3, 'minitwit-nowhere')).rejects.toThrow(
    'WAREHOUSE_BUCKET: there is no bucket minitwit-nowhere: create it, or correct the name.',
  );
});

test.for([
  [
    301,
    { 'x-amz-bucket-region': 'eu-west-1' },
    /^WAREHOUSE_BUCKET: .* is in the region eu-west-1, and this works in us-east-1\.$/,
  ],
  [400, { 'x-amz-bucket-region': 'eu-west-1' }, /is in the region eu-west-1/],
  [
    403,
    { 'x-amz-bucket-region': 'us-east-1' },
    /^WAREHOUSE_BUCKET: .* is another's, or the IAM policy .* is missing\.$/,
  ],
  [418, {}, /^Cannot look at the bucket minitwit-warehouse: AWS says /],
] as const)('one that answers %d is told', async ([status, headers, message]) => {
  const client = await standIn((_url, answer) => answer.writeHead(status, headers).end());
  await expect(checkBucket(client, bucket)).rejects.toThrow(message);
});

/** A client of an S3 that answers like this. */
async function standIn(
  answer: (url: string, response: import('node:http').ServerResponse) => void,
) {
  const server = createServer((request, response) => answer(request.url ?? '', response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const client = createS3();
  // it is asked now, while it is that
  await client.config.endpoint?.();
  onTestFinished(() => {
    client.destroy();
    server.close();
    vi.stubEnv('AWS_ENDPOINT_URL', inject('aws'));
  });
  return client;
}

test('what a run made is stored encrypted, by its kind, and for nobody else', async () => {
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

test('a large dump goes in parts, each with its checksum, and comes back as it was', async () => {
  const parts: string[] = [];
  let encryption: string | undefined;
  const client = watch((method, path, headers) => {
    const part = /partNumber=(\d+)/.exec(path)?.[1];
    if (part) parts.push(`${part} ${headers['x-amz-checksum-crc32']?.length}`);
    if (method === 'POST') encryption ??= headers['x-amz-server-side-encryption'];
  });
  await uploadDump({ ...target, s3: client }, dumpOf(40 * MIB));
  expect(parts.toSorted()).toEqual(['1 8', '2 8', '3 8']);
  expect(encryption).toBe('AES256');
  const stored = await findDump(s3, bucket, 'latest');
  const bytes = await buffer(await stored.open());
  expect(bytes.equals(await buffer(dumpOf(40 * MIB)))).toBe(true);
});

test('an upload that is interrupted leaves no parts', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const body = dumpOf(40 * MIB, 'silence');
  const upload = uploadDump({ ...target, signal }, body);
  await until('an upload', async () => (await listUnfinished()).length === 1);
  controller.abort(new Error('Somebody pressed Ctrl-C.'));
  await expect(upload).rejects.toThrow(/^Somebody pressed Ctrl-C\.$/);
  expect(await listUnfinished()).toEqual([]);
});

test('a dump that fails leaves no parts, and says why as it did', async () => {
  const lost = Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' });
  const upload = uploadDump(target, dumpOf(40 * MIB, lost));
  await expect(upload).rejects.toBe(lost);
  expect(await listUnfinished()).toEqual([]);
});

test('a part that is refused ends the upload and the dump', async () => {
  const client = watch((_method, path) => {
    if (!path.includes('partNumber=2')) return;
    throw Object.assign(new Error('no more'), { name: 'AccessDenied', $metadata: {} });
  });
  const body = dumpOf(80 * MIB);
  const upload = uploadDump({ ...target, s3: client }, body);
  await expect(upload).rejects.toThrow(
    /^Cannot store s3:\/\/minitwit-warehouse\/runs\/.*\/dump\.sql\.gz: AWS says AccessDenied: no more/,
  );
  expect(body.destroyed).toBe(true);
  expect(await listUnfinished()).toEqual([]);
});

test('dumps are listed and found by their run, the newest first', async () => {
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

test('what changed in the bucket is noticed by its checksum', async () => {
  const client = await standIn((url, answer) => {
    const list = `<ListBucketResult><Contents><Key>runs/${run}/dump.sql.gz</Key></Contents></ListBucketResult>`;
    if (url.includes('list-type=2')) answer.end(list);
    else answer.writeHead(200, { 'x-amz-checksum-crc32': 'AAAAAA==' }).end('changed');
  });
  const stored = await findDump(client, bucket, run);
  await expect(stored.open().then(buffer)).rejects.toThrow(/checksum/i);
});
