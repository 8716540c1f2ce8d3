import { createServer } from 'node:http';
import { pino } from 'pino';
import { createApp } from '../../src/web/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { listen } from '../../src/web/server/listen.ts';
import { createPasswords } from '../../src/web/passwords/passwords.ts';
import { createRateLimits } from '../../src/repositories/rate-limits.ts';
import { openPatientDatabase } from './database.ts';
import { createOriginalRepositories } from './repositories.ts';

// The peer: our application, with MiniTwit's tables and queries. Started and set as ours is.
const config = readConfig(process.env);
const logger = pino({ level: config.logLevel });
const database = openPatientDatabase(config.database);
const app = createApp({
  config,
  repositories: createOriginalRepositories(database),
  rateLimits: createRateLimits(database, config.rateLimits, logger),
  passwords: createPasswords(),
  isReady: () => Promise.resolve(true),
  logger,
});
await listen(createServer(app), { host: config.host, port: config.port, setting: 'PORT' });
