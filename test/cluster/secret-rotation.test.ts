import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rotateSecrets } from '../../src/cloud/commands/rotate-secrets.ts';
import { openDatabase } from '../../src/database/database.ts';
import { runSql } from '../support/database.ts';
import { REAL_MYSQL } from '../support/real-mysql.ts';
import { Client } from './client.ts';
import { createUsers, reconcile, startLoad, succeeded, waitForRequests } from './load.ts';
import { type StackOfServers, startStackOfServers } from './stack-of-servers.ts';

const USERS = 8;

// MariaDB has no dual passwords.
test.skipIf(!existsSync(REAL_MYSQL))(
  'no request fails and no user is logged out while all secrets are rotated',
  async () => {
    const stack = await startStackOfServers();
    const before = await stack.readServers();
    const oldReader = stack.readerConfig();
    await runSql(oldReader, 'select 1');
    const users = await createUsers(stack.url, USERS);
    const load = startLoad(users);
    const logins = startLogins(stack.url);
    const refused: string[] = [];
    stack.onRestart = async () => void refused.push(...(await listRefusedSessions(stack)));
    await waitForRequests(load, 100);

    await rotateSecrets(stack.open(), { leaked: false, dryRun: false });

    await waitForRequests(load, 100);
    await load.stop();
    expect(await logins.stop()).toEqual({ failed: 0, isEnough: true });
    expect(refused).toEqual([]);
    expect(load.requests.filter((each) => !succeeded(each))).toEqual([]);
    const database = openDatabase(stack.appConfig());
    const ledger = await reconcile(load.requests, database);
    await database.end();
    expect(ledger).toMatchObject({ found: ledger.acknowledged, duplicated: 0, unacknowledged: 0 });

    // Each server restarted twice, uses the new secrets, and is alone in knowing the password.
    expect(stack.restarts).toEqual(['i-1', 'i-2', 'i-1', 'i-2']);
    const after = await stack.readServers();
    expect(after[0]).toEqual(after[1]);
    expect(after[0]?.sessionSecret.split(',')[1]).toBe(before[0]?.sessionSecret);
    expect(stack.appConfig().password).toBe(after[0]?.password);
    const old = { ...stack.appConfig(), password: before[0]?.password ?? '' };
    await expect(runSql(old, 'select 1')).rejects.toThrow('refused the user');
    await runSql(stack.readerConfig(), 'select 1');
    await expect(runSql(oldReader, 'select 1')).rejects.toThrow('refused the user');
    expect(await stack.findShownSecrets()).toEqual([]);
  },
);

/** Logs in to each server, and returns the servers that do not accept this session. */
async function listRefusedSessions({ serverUrls, restarts }: StackOfServers): Promise<string[]> {
  const refused: string[] = [];
  for (const url of serverUrls) {
    const client = new Client(url);
    await client.login('visitor');
    for (const other of serverUrls) {
      const { status } = await client.withUrl(other).get('/');
      if (status !== 200) {
        refused.push(`restart ${restarts.length}: ${other} refuses ${url} (${status})`);
      }
    }
  }
  return refused;
}

/** Logs in again and again, and reads a page with each login. A user has 20 sessions, so no other client is this user. */
function startLogins(url: string) {
  const end = new AbortController();
  let failed = 0;
  let count = 0;
  async function run(): Promise<void> {
    await new Client(url).register('visitor');
    while (!end.signal.aborted) {
      const client = new Client(url);
      const login = await client.login('visitor');
      const page = await client.get('/');
      count += 1;
      if (login.status !== 302 || page.status !== 200) failed += 1;
    }
  }
  const running = run();
  return {
    /** Stops the logins, and returns how many have failed. */
    async stop() {
      end.abort();
      await running;
      return { failed, isEnough: count > 10 };
    },
  };
}
