import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { useCleanup } from '../support/cleanup.ts';
import { runSql } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { useMiniTwit } from '../support/minitwit.ts';
import { HANG_MS } from '../support/timeouts.ts';

const USER = { user: 'switching', password: 'a password' };

/** Declares tests of a switchover from one database server to another. */
export async function testSwitchover(
  oldAdministrator: DatabaseConfig,
  newAdministrator: DatabaseConfig,
): Promise<void> {
  const name = `minitwit_${randomBytes(6).toString('hex')}`;
  const [oldServer, newServer] = [oldAdministrator, newAdministrator].map((server) => ({
    ...server,
    ...USER,
    name,
    poolSize: 3,
  })) as [DatabaseConfig, DatabaseConfig];
  const defer = useCleanup();
  const proxy = await startTcpProxy(oldServer);
  const { anotherInstance, visitor } = useMiniTwit();
  let app: RequestListener;

  const setReadOnly = (isReadOnly: boolean) =>
    runSql(oldAdministrator, `set global read_only = ${Number(isReadOnly)}`);
  const read = async () => {
    const { status, text } = await visitor(app).get('/public');
    return `${status} ${text.includes('an old message')} ${text.includes('a new message')}`;
  };
  const readAll = async () => new Set(await Promise.all(Array.from({ length: 20 }, read)));
  const OLD = new Set(['200 true false']);
  const NEW = new Set(['200 true true']);
  const NONE = new Set(['503 false false']);
  const logIn = async () => {
    const carol = visitor(app);
    expect((await carol.login('carol', 'a password')).text).toContain('You were logged in');
    return carol;
  };

  beforeAll(async () => {
    const servers = [
      [oldAdministrator, oldServer],
      [newAdministrator, newServer],
    ] as const;
    for (const [administrator, config] of servers) {
      await runSql(
        administrator,
        `create database ${name} character set utf8mb4`,
        `create user '${USER.user}'@'%' identified by '${USER.password}'`,
        `grant all on ${name}.* to '${USER.user}'@'%'`,
      );
      defer(() => runSql(administrator, `drop database ${name}`, `drop user '${USER.user}'@'%'`));
      await initializeSchema(config, { existing: 'refuse', waitMaxMs: HANG_MS });
      const carol = visitor(anotherInstance(config));
      await carol.register('carol', 'a password');
      await carol.login('carol', 'a password');
      await carol.addMessage('an old message');
      if (config === newServer) await carol.addMessage('a new message');
    }
  });

  beforeEach(async () => {
    proxy.redirectTo(oldServer);
    app = anotherInstance(proxy.config);
    expect(await readAll()).toEqual(OLD);
  });
  afterEach(() => setReadOnly(false));

  test('all pages come from the new primary after the host name leads to it', async () => {
    await setReadOnly(true);
    proxy.redirectTo(newServer);
    expect(await readAll()).toEqual(NEW);
    expect((await (await logIn()).addMessage('to the new server')).status).toBe(200);
  });

  test('no page comes from a demoted server while there is no other server', async () => {
    const carol = await logIn();
    await setReadOnly(true);
    expect(await readAll()).toEqual(NONE);
    expect((await visitor(app).get('/readyz')).status).toBe(503);
    expect((await carol.addMessage('to the demoted server')).status).toBe(503);
    expect(await readAll()).toEqual(NONE);
    proxy.redirectTo(newServer);
    expect(await readAll()).toEqual(NEW);
    expect((await (await logIn()).addMessage('to the new server')).status).toBe(200);
  });

  test.each([
    ['returns its rows', () => 'old rows'],
    [
      'fails because of its rows',
      () => {
        throw new AppError('conflict', 'The row has changed.');
      },
    ],
  ])('a transaction without writes that %s is not used after a demotion', async (_, end) => {
    const database = openDatabase(proxy.config);
    const reading = database.transact(async (transaction) => {
      await transaction.select('select * from message');
      await setReadOnly(true);
      return end();
    });
    await expect(reading).rejects.toMatchObject({ code: 'unavailable' });
    await database.end();
  });

  test('a server serves pages and accepts posts as soon as it is promoted again', async () => {
    const carol = await logIn();
    await setReadOnly(true);
    expect(await readAll()).toEqual(NONE);
    await setReadOnly(false);
    expect((await carol.addMessage('to the promoted server')).status).toBe(200);
    expect(await readAll()).toEqual(OLD);
  });
}
