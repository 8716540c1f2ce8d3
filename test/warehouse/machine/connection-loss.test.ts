import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createEc2 } from '../../../src/aws/clients.ts';
import { withConnection } from '../../../src/database/with-connection.ts';
import { OperatorError } from '../../../src/errors/operator-error.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import type { RunContext, CopyJob } from '../../../src/warehouse/context.ts';
import { useCleanup } from '../../support/cleanup.ts';
import { type FakeEc2, startFakeEc2 } from '../../support/fake-ec2/fake-ec2.ts';
import { skipAfterFailure } from '../../support/skip-after-failure.ts';
import { type Cloud, openCloud } from '../cycle/cloud.ts';
import { createFakeContext } from '../run/fake-context.ts';
import { cutAtCommand, cutAtLogin, cutNow, WHOLE } from './connection-loss.ts';
import { buildImage } from './image.ts';
import { createVolume } from './volume.ts';

// Each run works on the volume of the previous one and proceeds at least as far. It therefore proves that the previous
// run damaged nothing.

const LOST = /^The connection to i-\w+ is lost.*$/;
// The cloud refuses these actions.
const DAMAGING = /detached that is mounted/;

skipAfterFailure();
const defer = useCleanup();
let aws: FakeEc2;
let cloud: Cloud;
let context: RunContext;
const lines: string[] = [];
// The content of the volume.
const words: string[] = [];

beforeAll(async () => {
  aws = await startFakeEc2(defer);
  cloud = await openCloud(defer, { url: aws.url });
  cloud.answersWhenBooted = true;
  vi.stubEnv('AWS_ENDPOINT_URL', cloud.url);
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-cuts-'));
  defer(() => rm(folder, { recursive: true }));
  const { id: volumeId } = aws.account.addVolume();
  const given = {
    // A request may take as long as a machine takes to start.
    ec2: createEc2(120_000),
    folder,
    print: (line: string) => void lines.push(line),
    signal: new AbortController().signal,
  };
  const fake = createFakeContext(given, volumeId, async () => undefined);
  const { config } = fake;
  context = {
    ...fake,
    config: { ...config, keyFile: cloud.keyFile },
    timing: { ...fake.timing, firstPauseMs: 50, waitMaxMs: 120_000 },
    operations: WHOLE,
    copy: write('a work'),
  };
  defer(() => context.ec2.destroy());
  const volume = await createVolume(defer);
  const build = { volumeId, volume, folder: join(cloud.folder, config.imageId) };
  const { builder, image } = await buildImage(defer, build);
  await builder.destroy();
  cloud.volumes.set(volumeId, volume);
  cloud.images.set(config.imageId, image);
});
beforeEach(() => void lines.splice(0));

/** Reads the volume, appends a word, and then calls a function. */
function write(word: string, happen: () => Promise<void> = async () => undefined): CopyJob {
  return (warehouse, { signal }) =>
    // The real one has the same timeout.
    withConnection(warehouse, { waitMaxMs: 60_000, signal }, async (connection) => {
      await connection.query('create table if not exists retained (word varchar(40))');
      const [rows] = await connection.query('select word from retained');
      expect(rows).toEqual(words.map((known) => ({ word: known })));
      await connection.query('insert into retained values (?)', [word]);
      words.push(word);
      await happen();
      await connection.query('select 1');
      return {};
    });
}

/** Returns the error message of a run, or `done`. Expects that the run leaves no resource. */
async function outcomeOf(changed: Partial<RunContext>): Promise<string> {
  const outcome = await run({ ...context, ...changed }, { keep: false }).then(
    () => 'done',
    (error: unknown) =>
      error instanceof OperatorError ? error.message : `not for operators: ${String(error)}`,
  );
  expect(lines.join('\n')).not.toMatch(DAMAGING);
  expect(aws.account.listBillable()).toEqual([]);
  expect(cloud.instances.size).toBe(0);
  expect(existsSync(join(context.folder, 'state.json'))).toBe(false);
  return outcome;
}

const snapshots = () => aws.account.snapshots.length;

test('a connection that is lost at login is opened again', async () => {
  expect(await outcomeOf({ operations: cutAtLogin(cloud, 1) })).toBe('done');
  expect(lines.join('\n')).toMatch(/ssh to i-\w+: .*cannot be reached: /);
  expect(snapshots()).toBe(1);
});

test('a run that loses the connection at every login prints the error and undoes its steps', async () => {
  const config = { ...context.config, hostKey: 'first-seen' as const };
  const timing = { ...context.timing, waitMaxMs: 2000 };
  expect(await outcomeOf({ operations: cutAtLogin(cloud, Infinity), config, timing })).toMatch(
    /^ssh to i-\w+: still ec2-user@\S+ cannot be reached: .* after 2 s\.$/,
  );
  expect(snapshots()).toBe(1);
});

test.each([
  ['the volume is checked', /e2fsck/],
  ['the volume is mounted', /flock \S+ mount/],
  ['MySQL starts', /systemctl start/],
  ["MySQL's user is created", /mariadb/],
])(
  'a run whose connection is lost at %s prints the error and undoes its steps',
  async (_, command) => {
    expect(await outcomeOf({ operations: cutAtCommand(command) })).toMatch(LOST);
    expect(snapshots()).toBe(1);
  },
);

test('a run whose connection is lost during the copy prints the error and undoes its steps', async () => {
  const copy = write('a work that is cut', () => cutNow(cloud));
  expect(await outcomeOf({ copy })).toMatch(LOST);
  expect(snapshots()).toBe(1);
});

test('a run whose connection is lost during the upload prints the error and takes a snapshot', async () => {
  const upload: RunContext['upload'] = async (warehouse, { id, signal }) => {
    await write('an upload that is cut', () => cutNow(cloud))(warehouse, { id, signal });
  };
  expect(await outcomeOf({ upload })).toMatch(LOST);
  expect(snapshots()).toBe(2);
});

test.each([
  ['MySQL stops', /systemctl stop/, /MySQL could not be stopped cleanly\. .* is lost/],
  ['the volume is unmounted', /umount/, /The volume could not be unmounted\. .* is lost/],
  ['the instance is shut down', /poweroff/, /The instance could not be shut down\. .* is lost/],
])(
  'a run whose connection is lost at %s prints a warning and succeeds',
  async (_, command, warning) => {
    const before = snapshots();
    expect(await outcomeOf({ operations: cutAtCommand(command) })).toBe('done');
    expect(lines.join('\n')).toMatch(warning);
    expect(snapshots()).toBe(before + 1);
  },
);

test('a run succeeds after all these interruptions', async () => {
  expect(await outcomeOf({})).toBe('done');
  expect(lines.join('\n')).not.toMatch(/could not|lost/);
});
