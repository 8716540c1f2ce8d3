import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  type PrivateMariadb,
  startPrivateMariadb,
} from '../../../src/dev/mariadb/private-mariadb.ts';
import type { Progress } from '../../../src/cli/progress-bar.ts';
import { createAdministrator } from '../../support/administrator.ts';
import { runSql } from '../../support/database.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { changes, FILL, read, recreateTables, useCopy } from './fixture.ts';

const { source, warehouse, copy } = useCopy();
const proxy = await startTcpProxy(source);

const isUserDone = ({ table, share }: Progress) => table === 'user' && share === 1;
// One connection copies the users, so no statement runs between two ranges.
const isBetweenRanges = ({ table, rows, share }: Progress) =>
  table === 'user' && rows > 0 && share < 1;

/** Returns an observer that freezes the source and calls `act` at some progress, at most so many times. */
function actAt(at: (progress: Progress) => boolean, act: () => Promise<unknown>, times = 1) {
  const actions: Promise<unknown>[] = [];
  return {
    onProgress: (progress: Progress) => {
      if (!at(progress) || actions.length === times) return;
      proxy.freeze();
      actions.push(act().finally(proxy.resume));
    },
    done: async () => (await Promise.all(actions)).length,
  };
}

const rebuild = () => runSql(source, 'alter table message force');

test('a copy begins again, once, when a table of the source is rebuilt before it is read', async () => {
  const retries: string[] = [];
  const altering = actAt(isUserDone, rebuild);
  const { tables } = await copy(
    { onProgress: altering.onProgress, onRetry: (message) => retries.push(message) },
    proxy.config,
  );
  expect(await altering.done()).toBe(1);
  expect(retries).toEqual([
    expect.stringMatching(
      /^MiniTwit's database failed: Table definition has changed.* The copy begins again with a new snapshot\.$/,
    ),
  ]);
  expect(changes(tables, 'message')).toMatchObject({ rows: 4 });
});

test('a copy fails when a table is rebuilt in its second snapshot, too', async () => {
  const retries: string[] = [];
  const altering = actAt(isUserDone, rebuild, 2);
  const copying = copy(
    { onProgress: altering.onProgress, onRetry: (message) => retries.push(message) },
    proxy.config,
  );
  await expect(copying).rejects.toThrow(
    /^MiniTwit's database failed: Table definition has changed/,
  );
  expect(await altering.done()).toBe(2);
  expect(retries).toHaveLength(1);
});

test('a table is altered while the copy is between two of its ranges', async () => {
  const sql = ['set lock_wait_timeout = 1', "alter table user comment = 'altered'"];
  const altering = actAt(isBetweenRanges, () => runSql(source, ...sql));
  await copy({ onProgress: altering.onProgress }, proxy.config);
  // The statement would have failed after a second.
  expect(await altering.done()).toBe(1);
  expect(await read(warehouse, 'select count(*) from user')).toEqual([[4]]);
});

test('a copy begins again when the server of the source restarts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-restart-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { init, loginTo } = createAdministrator();
  let server: PrivateMariadb = await startPrivateMariadb(folder, { init });
  onTestFinished(() => server.stop());
  const restart = async () => {
    await server.stop();
    server = await startPrivateMariadb(folder, { init });
    proxy.redirectTo(server.config);
  };
  proxy.redirectTo(server.config);
  onTestFinished(() => proxy.redirectTo(source));
  await recreateTables(server.config);
  await runSql(server.config, ...FILL);

  const retries: string[] = [];
  const restarting = actAt(isUserDone, restart);
  const { tables } = await copy(
    { onProgress: restarting.onProgress, onRetry: (message) => retries.push(message) },
    { ...loginTo(server.config), port: proxy.config.port },
  );
  expect(await restarting.done()).toBe(1);
  expect(retries).toEqual([
    expect.stringMatching(/^MiniTwit's database failed: .* new snapshot\.$/),
  ]);
  expect(tables.map(({ rows }) => rows)).toEqual([4, 4, 3]);
});
