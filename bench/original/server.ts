import { createServer } from 'node:http';
import { pino } from 'pino';
import { createApp } from '../../src/web/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { listen } from '../../src/web/server/listen.ts';
import { createPasswords } from '../../src/web/passwords/passwords.ts';
import { createRateLimitCounters } from '../../src/repositories/rate-limit-counters.ts';
import { createRateLimits } from '../../src/repositories/rate-limits.ts';
import { openUnboundedDatabase } from './database.ts';
import { createOriginalRepositories } from './repositories.ts';

// The application with the tables and queries of Flask's MiniTwit, with the same settings.
const config = readConfig(process.env);
const logger = pino({ level: config.logLevel });
const database = openUnboundedDatabase(config.database);
const app = createApp({
  config,
  repositories: createOriginalRepositories(database),
  rateLimits: createRateLimits(createRateLimitCounters(database), config.rateLimits, logger),
  passwords: createPasswords(),
  isReady: () => Promise.resolve(true),
  logger,
});
await listen(createServer(app), { host: config.host, port: config.port, setting: 'PORT' });
