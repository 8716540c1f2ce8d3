import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createApp } from '../../src/web/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { openDatabase } from '../../src/database/database.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { listen } from '../../src/web/server/listen.ts';
import { createPasswords } from '../../src/web/passwords/passwords.ts';
import { createRateLimitCounters } from '../../src/repositories/rate-limit-counters.ts';
import { createRateLimits } from '../../src/repositories/rate-limits.ts';
import { createRepositories } from '../../src/repositories/repositories.ts';

const WAIT_MAX_MS = 60_000;

/** MiniTwit in this process, with one user, who is logged in. */
export interface Site {
  port: number;
  /** The cookie of the user's session. */
  cookie: string;
  /** Replaces all messages by copies of `text` by the user. */
  fillWith: (text: string, copies: number) => Promise<void>;
  close: () => Promise<void>;
}

/** Starts MiniTwit on a new database, as in production but without rate limits. */
export async function startSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-inputs-'));
  const mariadb = await startPrivateMariadb(folder);
  await initializeSchema(mariadb.config, { existing: 'refuse', waitMaxMs: WAIT_MAX_MS });
  const database = openDatabase(mariadb.config);
  const repositories = createRepositories(database);
  const passwords = createPasswords();
  const logger = pino({ level: 'silent' });
  const config = readConfig({
    DB_HOST: '-',
    DB_USER: '-',
    DB_PASSWD: '-',
    DB_NAME: '-',
    SESSION_SECRET: 'a secret of the bench with 32 characters or more',
    TRUST_PROXY: '1',
    RATE_LIMITS: 'off',
    // No mail is sent: this program starts no sender.
    MAIL_URL: 'smtp://127.0.0.1:25',
    MAIL_FROM: 'minitwit@example.com',
    SITE_URL: 'http://127.0.0.1',
  });
  const isReady = () => Promise.resolve(true);
  const rateLimits = createRateLimits(createRateLimitCounters(database), config.rateLimits, logger);
  const app = createApp({ config, repositories, rateLimits, passwords, isReady, logger });
  const server = createServer({ maxHeaderSize: 16 * 1024 }, app);
  const port = await listen(server, { host: '127.0.0.1', port: 0, setting: 'PORT' });

  const user = { username: 'alice', email: 'alice@example.com' };
  const passwordHash = await passwords.hash('a password', '127.0.0.1');
  const authorId = await repositories.users.createUser({ ...user, passwordHash });
  const form = new URLSearchParams({ username: 'alice', password: 'a password' });
  const { headers } = await fetch(`http://127.0.0.1:${port}/login`, {
    method: 'POST',
    body: form,
    redirect: 'manual',
  });
  const cookie = headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .find((pair) => pair?.startsWith('session='));
  if (cookie === undefined) throw new Error('The login set no session cookie.');

  return {
    port,
    cookie,
    async fillWith(text, copies) {
      await database.execute('delete from message');
      for (let copy = 0; copy < copies; copy++)
        await repositories.messages.createMessage(authorId, text);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await Promise.all([passwords.close(), database.end()]);
      await mariadb.stop();
      await rm(folder, { recursive: true });
    },
  };
}
