import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/config.ts';
import { withConnection } from '../../../src/database/with-connection.ts';
import {
  type PrivateMariadb,
  startPrivateMariadb,
} from '../../../src/dev/mariadb/private-mariadb.ts';
import { createS3 } from '../../../src/warehouse/bucket/s3.ts';
import { uploadDump } from '../../../src/warehouse/bucket/s3-upload.ts';
import { restoreDumpCommand } from '../../../src/warehouse/commands/restore-dump.ts';
import { createCopyEndpoint } from '../../../src/warehouse/copy/endpoint.ts';
import { createDump } from '../../../src/warehouse/dump/write-dump.ts';
import { createDatabase, createFilled, nastyRows, readAll } from '../dump/databases.ts';
import { dump, origin } from '../dump/dumps.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { databaseSettings, startProgram } from '../../support/programs.ts';

const bucket = `minitwit-dumps-${randomBytes(4).toString('hex')}`;
const defer = useCleanup();
let folder: string;
let mariadb: PrivateMariadb;
let s3: S3Client;
let source: DatabaseConfig;
let context: Parameters<typeof restoreDumpCommand>[0];
let options: Omit<Parameters<typeof restoreDumpCommand>[1], 'dumpName'>;
let printed: string[];
let shown: string[];

beforeAll(async () => {
  await openEmulatedAccount(defer);
  s3 = createS3();
  defer(() => s3.destroy());
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  folder = await mkdtemp(join(tmpdir(), 'minitwit-dumps-'));
  defer(() => rm(folder, { recursive: true }));
  mariadb = await startPrivateMariadb(join(folder, 'mariadb'));
  defer(() => mariadb.stop());
  source = await createFilled(mariadb.config, nastyRows());
});
beforeEach(async () => {
  printed = [];
  shown = [];
  context = { print: (line) => printed.push(line), signal: new AbortController().signal };
  options = {
    s3,
    bucket,
    target: await createDatabase(mariadb.config),
    force: false,
    screen: { write: (text) => shown.push(text) },
  };
});

test('`restore-dump` restores the last dump, and replaces rows only with --force', async () => {
  const { signal } = context;
  for (const run of ['20260101T000000Z-0001', origin.run]) {
    await withConnection(source, { waitMaxMs: 0 }, (connection) =>
      uploadDump(
        { s3, bucket, run, signal },
        createDump(createCopyEndpoint('The warehouse', connection), { ...origin, run }),
      ),
    );
  }
  await restoreDumpCommand(context, { ...options, dumpName: 'latest' });
  expect(await readAll(options.target)).toEqual(await readAll(source));
  expect(printed).toEqual([
    `Reading s3://${bucket}/runs/${origin.run}/dump.sql.gz …`,
    expect.stringMatching(
      /^Restored .* as of .*Z, verified .*: 3 of user, \d+ of message, 3 of follower/,
    ),
  ]);
  await expect(restoreDumpCommand(context, { ...options, dumpName: origin.run })).rejects.toThrow(
    /user \(3\),.* run npm run warehouse -- restore-dump DUMP --force$/,
  );
  await restoreDumpCommand(context, { ...options, dumpName: '20260101T000000Z-0001', force: true });
  const { host, port, name } = options.target;
  expect(printed.at(-2)).toBe(
    `The dump replaces all rows of MiniTwit's tables in the database "${name}" at ${host}:${port}.`,
  );
});

test('`restore-dump` warns that no user can log in after it restores a dump without password hashes', async () => {
  const user = nastyRows().user?.map((row) => row.with(3, ''));
  const bytes = await dump(
    await createFilled(mariadb.config, { ...nastyRows(), user: user ?? [] }),
  );
  const path = join(folder, 'dump.sql.gz');
  await writeFile(path, bytes);
  await restoreDumpCommand(context, { ...options, dumpName: path, bucket: null });
  expect((await readAll(options.target)).user).toEqual(user);
  expect(shown.join('')).toMatch(/^ {2}dump +█{10} +100 % /);
  expect(printed.at(-1)).toMatch(/^No user can log in: the dump has no password hashes/);
});

test('`restore-dump` reports a missing file, and a bucket that is not set', async () => {
  await expect(restoreDumpCommand(context, { ...options, dumpName: '/nowhere' })).rejects.toThrow(
    /^The dump \/nowhere cannot be used: ENOENT.*\. Nothing was changed\.$/,
  );
  await expect(
    restoreDumpCommand(context, { ...options, dumpName: 'latest', bucket: null }),
  ).rejects.toThrow('Set WAREHOUSE_BUCKET to the bucket of the dumps, or name a file.');
});

test('the program restores a file into the database of its settings', async () => {
  const path = join(folder, 'program.sql.gz');
  await writeFile(path, await dump(source));
  const target = databaseSettings(options.target);
  const restore = async (...parameters: string[]) => {
    const { ended, output } = startProgram('src/warehouse.ts', target, {
      parameters: ['restore-dump', path, ...parameters],
    });
    return { status: await ended, output: output.stdout + output.stderr };
  };
  expect(await restore()).toMatchObject({ status: 0, output: expect.stringMatching(/100 % /) });
  expect(await readAll(options.target)).toEqual(await readAll(source));
  expect(await restore()).toMatchObject({
    status: 1,
    output: expect.stringMatching(/ --force\n$/),
  });
  expect(await restore('--force')).toMatchObject({
    status: 0,
    output: expect.stringContaining(
      `The dump replaces all rows of MiniTwit's tables in the database "`,
    ),
  });
});
