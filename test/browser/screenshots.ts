// Creates the pictures in docs/ that README.md shows: `npm run screenshots`.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Browser } from 'playwright-core';
import { createApp } from '../../src/web/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { openDatabase } from '../../src/database/database.ts';
import { startPrivateMariadb } from '../../src/dev/mariadb/private-mariadb.ts';
import { initializeSchema } from '../../src/database/schema.ts';
import { createPasswords } from '../../src/web/passwords/passwords.ts';
import { createRateLimitCounters } from '../../src/repositories/rate-limit-counters.ts';
import { createRateLimits } from '../../src/repositories/rate-limits.ts';
import { createRepositories, type Repositories } from '../../src/repositories/repositories.ts';
import { launchChromium } from '../support/chromium.ts';
import { listen } from '../support/listen.ts';
import { HANG_MS } from '../support/timeouts.ts';

const folder = await mkdtemp(join(tmpdir(), 'minitwit-screenshots-'));
const mariadb = await startPrivateMariadb(folder);
await initializeSchema(mariadb.config, { existing: 'refuse', waitMaxMs: HANG_MS });
const database = openDatabase(mariadb.config);
const repositories = createRepositories(database);
const passwords = createPasswords();
const config = readConfig({
  DB_HOST: 'unused',
  DB_USER: 'unused',
  DB_PASSWD: 'unused',
  DB_NAME: 'unused',
  SESSION_SECRET: 'the pictures need a secret of 32 characters',
});
const logger = pino({ level: 'silent' });
const app = createApp({
  config,
  repositories,
  passwords,
  rateLimits: createRateLimits(createRateLimitCounters(database), null, logger),
  isReady: () => Promise.resolve(true),
  logger,
});
const server = createServer(app);
const url = `http://127.0.0.1:${await listen(server)}`;

await fill(repositories, await passwords.hash('secret', '127.0.0.1'));
const browser = await launchChromium();
await picture(browser, { name: 'timeline-desktop-light', width: 900, scheme: 'light', path: '/' });
await picture(browser, { name: 'timeline-desktop-dark', width: 900, scheme: 'dark', path: '/' });
await picture(browser, {
  name: 'user-phone-light',
  width: 360,
  scheme: 'light',
  path: '/Roger%20Histand',
});
await picture(browser, {
  name: 'user-phone-dark',
  width: 360,
  scheme: 'dark',
  path: '/Roger%20Histand',
});

await browser.close();
server.close();
await Promise.all([passwords.close(), database.end()]);
await mariadb.stop();
await rm(folder, { recursive: true });
process.exit();

async function fill(
  { users, messages, followers }: Repositories,
  passwordHash: string,
): Promise<void> {
  const create = (username: string) =>
    users.createUser({ username, email: 'someone@example.com', passwordHash });
  const alice = await create('alice');
  const roger = await create('Roger Histand');
  const aegir = await create('Ægir');
  const eurydice = await create('Ευρυδίκη');
  await followers.follow(alice, roger);
  await followers.follow(alice, eurydice);
  await followers.follow(eurydice, roger);
  await followers.follow(roger, alice);
  await messages.createMessage(aegir, 'Nobody follows me yet.');
  await messages.createMessage(roger, 'The load balancer sends me to another instance each time.');
  await messages.createMessage(eurydice, 'Μία βάση δεδομένων, τα ίδια μηνύματα.');
  await messages.createMessage(
    roger,
    'How it is built: https://docs.aws.amazon.com/rds/ — ask @alice.',
  );
  await messages.createMessage(
    alice,
    'Two instances, one database:\nwhoever answers, I read the same.',
  );
}

interface Picture {
  name: string;
  width: number;
  scheme: 'light' | 'dark';
  path: string;
}

/** Logs in as alice and takes a screenshot of a page. */
async function picture(chromium: Browser, { name, width, scheme, path }: Picture): Promise<void> {
  const viewport = { width, height: 640 };
  const page = await chromium.newPage({ colorScheme: scheme, viewport, deviceScaleFactor: 2 });
  await page.goto(`${url}/login`);
  await page.getByLabel('Username').fill('alice');
  await page.getByLabel('Password').fill('secret');
  await page.getByRole('button', { name: 'Sign In' }).click();
  await page.getByText('You were logged in').waitFor();
  await page.goto(`${url}${path}`);
  await page.screenshot({ path: `docs/${name}.png` });
  await page.close();
}
