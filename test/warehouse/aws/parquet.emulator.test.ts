import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createBucketStore, type WorkingCopy } from '../../../src/warehouse/bucket/pull.ts';
import { push } from '../../../src/warehouse/bucket/push.ts';
import { createS3 } from '../../../src/warehouse/bucket/s3.ts';
import { listObjects, openObject } from '../../../src/warehouse/bucket/s3-objects.ts';
import { pruneHistory } from '../../../src/warehouse/commands/history.ts';
import { purge } from '../../../src/warehouse/commands/purge.ts';
import { sql } from '../../../src/warehouse/commands/sql.ts';
import { listFiles, readManifests } from '../../../src/warehouse/parquet/folder.ts';
import { type Manifest, parseManifest } from '../../../src/warehouse/parquet/manifest.ts';
import { fetchNewestRun } from '../../../src/warehouse/query/fetch-newest-run.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { queryFiles } from '../parquet/fixture.ts';
import { writeRun } from '../parquet/write-run.ts';

const BEFORE = {
  user: [1, 2],
  message: [
    [10, 1],
    [11, 2],
  ],
  follower: [[1, 2]],
} as const;
const AFTER = { user: [1], message: [[10, 1]], follower: [] } as const;
const { signal } = new AbortController();
const defer = useCleanup();
let s3: S3Client;
let copy: WorkingCopy;

beforeAll(async () => {
  await openEmulatedAccount(defer);
  s3 = createS3();
  defer(() => s3.destroy());
});
beforeEach(async () => {
  const bucket = `minitwit-warehouse-${randomBytes(4).toString('hex')}`;
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  copy = { s3, bucket, folder: await createFolder() };
});

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-working-copy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function write(rows: typeof BEFORE | typeof AFTER): Promise<Manifest> {
  const { user, message, follower } = rows;
  return writeRun(createBucketStore(copy), {
    user: [...user],
    message: message.map(([id, author]) => [id, author]),
    follower: follower.map(([who, whom]) => [who, whom]),
  });
}

async function listKeys(): Promise<string[]> {
  return Array.from((await listObjects(copy, '')).keys());
}

/** Checks that each manifest in the bucket has all of its files, and returns the manifests. */
async function readBucket(): Promise<(Manifest | null)[]> {
  const keys = await listKeys();
  const manifests = await Promise.all(
    keys
      .filter((key) => key.startsWith('parquet/manifests/'))
      .map(async (key) => {
        const body = await openObject(copy, key);
        return parseManifest(body === null ? '' : await text(body));
      }),
  );
  const files = manifests.flatMap((manifest) => (manifest ? listFiles(manifest) : []));
  for (const { path } of files) expect(keys).toContain(`parquet/${path}`);
  return manifests;
}

/** Creates a client that fails from the nth upload on. */
function failAfter(uploads: number): S3Client {
  const client = createS3();
  onTestFinished(() => client.destroy());
  let left = uploads;
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === 'PutObjectCommand' && left-- <= 0) throw new Error('The line is cut.');
        return next(args);
      },
    { step: 'initialize' },
  );
  return client;
}

test('push uploads the files, the manifest and the lists for Athena', async () => {
  const manifest = await write(BEFORE);
  await push(copy, signal);
  expect(await readBucket()).toEqual([manifest]);
  const paths = manifest.tables.message.files.map(({ path }) => path);
  const list = await openObject(copy, 'parquet/current/message/files.txt');
  expect(list && (await text(list))).toBe(
    paths.map((path) => `s3://${copy.bucket}/parquet/${path}\n`).join(''),
  );
  const head = new HeadObjectCommand({ Bucket: copy.bucket, Key: `parquet/${paths[0]}` });
  expect(await s3.send(head)).toMatchObject({
    ContentType: 'application/vnd.apache.parquet',
    ServerSideEncryption: 'AES256',
  });
});

test.each([0, 1, 2, 3, 4])(
  'a push that fails after %i uploads leaves each manifest with its files, and is repeated',
  async (uploads) => {
    const first = await write(BEFORE);
    await push(copy, signal);
    const second = await write(AFTER);
    await push({ ...copy, s3: failAfter(uploads) }, signal).catch(() => undefined);
    expect(await readBucket()).toEqual(uploads > 2 ? [first, second] : [first]);
    await createBucketStore(copy).open();
    await push(copy, signal);
    expect(await readBucket()).toEqual([first, second]);
    const list = await openObject(copy, 'parquet/current/follower/files.txt');
    expect(list && (await text(list))).toBe('');
  },
);

test('another machine fetches the manifests, and the files that it needs', async () => {
  const manifest = await write(BEFORE);
  await push(copy, signal);
  const other = createBucketStore({ ...copy, folder: await createFolder() });
  await other.open();
  expect(await readManifests(other.folder)).toEqual([manifest]);
  for (const file of listFiles(manifest)) expect(await other.ensureFile(file)).toBe(true);
  expect(await queryFiles(other.folder, manifest, 'select count(*) from message')).toEqual([['2']]);
});

test('a query on another machine fetches the newest run of the bucket once', async () => {
  await write(BEFORE);
  await push(copy, signal);
  const folder = await createFolder();
  const store = createBucketStore({ ...copy, folder: join(folder, 'parquet') });
  const notes: string[] = [];
  const fetch = () => fetchNewestRun(folder, store, (line) => notes.push(line));
  const query = async () => {
    const output = new PassThrough();
    const context = { folder, parquet: store.folder, fetch, output, signal };
    await sql('select count(*) as messages from message', 'csv', context);
    return text(output.end());
  };
  expect(await query()).toBe('messages\r\n2\r\n');
  expect(await query()).toBe('messages\r\n2\r\n');
  expect(notes).toEqual([expect.stringMatching(/^Fetching 3 Parquet files of the run /)]);
});

test('a file or manifest in the bucket that is larger than it can be is not downloaded', async () => {
  const manifest = await write(BEFORE);
  await push(copy, signal);
  const [file] = manifest.tables.message.files;
  if (!file) throw new Error('The run has no file.');
  const folder = await createFolder();
  const other = createBucketStore({ ...copy, folder });
  await other.open();
  const place = { Bucket: copy.bucket, Key: `parquet/${file.path}` };
  await s3.send(new PutObjectCommand({ ...place, Body: Buffer.alloc(file.bytes + 1) }));
  expect(await other.ensureFile(file)).toBe(false);
  expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  const Key = `parquet/manifests/${manifest.run}.json`;
  const Body = Buffer.alloc(65 * 1024 * 1024, ' ');
  await s3.send(new PutObjectCommand({ Bucket: copy.bucket, Key, Body }));
  await expect(other.open()).rejects.toThrow(`s3://${copy.bucket}/${Key} is no manifest`);
});

test('a file in the bucket that is damaged or missing is not used', async () => {
  const manifest = await write(BEFORE);
  await push(copy, signal);
  const [file] = manifest.tables.message.files;
  if (!file) throw new Error('The run has no file.');
  const other = createBucketStore({ ...copy, folder: await createFolder() });
  await other.open();
  const damaged = Buffer.alloc(file.bytes, 'x');
  const place = { Bucket: copy.bucket, Key: `parquet/${file.path}` };
  await s3.send(new PutObjectCommand({ ...place, Body: damaged }));
  expect(await other.ensureFile(file)).toBe(false);
  expect(await other.ensureFile({ ...file, path: 'message/part=7/0123456789abcdef.parquet' })).toBe(
    false,
  );
});

test('a manifest that another machine deleted or changed is updated, and one that was not uploaded is retained', async () => {
  const first = await write(BEFORE);
  const second = await write(AFTER);
  await push(copy, signal);
  const third = await write(BEFORE);
  const other = { ...copy, folder: await createFolder() };
  const context = {
    folder: await createFolder(),
    store: createBucketStore(other),
    copy: other,
    print: () => undefined,
    signal,
  };
  await pruneHistory(context, 1);
  await writeFile(join(copy.folder, `manifests/${second.run}.json`), '{}');
  await createBucketStore(copy).open();
  expect(await readManifests(copy.folder)).toEqual([third, second]);
  expect(await listKeys()).not.toContain(`parquet/${first.tables.message.files[0]?.path}`);
});

test('prune uploads the newest run, if its own upload failed, before it deletes the others', async () => {
  await write(BEFORE);
  await push(copy, signal);
  const newest = await write(AFTER);
  const store = createBucketStore(copy);
  await pruneHistory(
    { folder: await createFolder(), store, copy, print: () => undefined, signal },
    1,
  );
  expect(await readBucket()).toEqual([newest]);
  const stored = (await listKeys()).filter((key) => key.endsWith('.parquet'));
  expect(stored).toEqual(
    listFiles(newest)
      .map(({ path }) => `parquet/${path}`)
      .toSorted(),
  );
});

test('purge deletes nothing while the bucket has no dump of the newest run', async () => {
  const first = await write(BEFORE);
  const second = await write(AFTER);
  await push(copy, signal);
  const Key = `runs/${first.run}/dump.sql.gz`;
  await s3.send(new PutObjectCommand({ Bucket: copy.bucket, Key, Body: 'user 2' }));
  const folder = await createFolder();
  const store = createBucketStore(copy);
  await expect(purge({ folder, store, copy, print: () => undefined, signal })).rejects.toThrow(
    `has no dump of the newest run, ${second.run}`,
  );
  expect(await listKeys()).toContain(Key);
  expect(await readBucket()).toEqual([first, second]);
});

test('purge rewrites the files in the bucket, and deletes reports and dumps of runs with deleted users', async () => {
  const first = await write(BEFORE);
  const second = await write(AFTER);
  await push(copy, signal);
  const keys = [first.run, second.run, '20200101T000000Z-0000'].map(
    (run) => `runs/${run}/dump.sql.gz`,
  );
  for (const Key of keys)
    await s3.send(new PutObjectCommand({ Bucket: copy.bucket, Key, Body: 'user 2' }));
  const folder = await createFolder();
  const context = { folder, store: createBucketStore(copy), print: () => undefined, signal };
  // The first attempt fails after some uploads.
  await expect(purge({ ...context, copy: { ...copy, s3: failAfter(1) } })).rejects.toThrow(
    'The line is cut.',
  );
  await readBucket();
  await purge({ ...context, copy });

  const [purged, newest] = await readBucket();
  expect(newest).toEqual(second);
  expect(purged?.tables).toMatchObject({
    user: { rows: 1 },
    message: { rows: 1 },
    follower: { rows: 0 },
  });
  const stored = (await listKeys()).filter((key) => key.endsWith('.parquet'));
  const named = [purged, newest].flatMap((manifest) => (manifest ? listFiles(manifest) : []));
  expect(stored).toEqual(
    Array.from(new Set(named.map(({ path }) => `parquet/${path}`))).toSorted(),
  );
  expect((await listKeys()).filter((key) => key.startsWith('runs/'))).toEqual([keys[1]]);
  expect(await readFile(join(copy.folder, `manifests/${first.run}.json`), 'utf8')).toContain(
    '"rows":1',
  );
});
