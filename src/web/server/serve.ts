import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApp } from '../app.ts';
import { startAccountJobs } from './account-jobs.ts';
import type { Config } from '../../config/config.ts';
import { openDatabase } from '../../database/database.ts';
import { findLatestVersion } from '../../database/latest-migration.ts';
import { createHttpServer } from './http-server.ts';
import { listen } from './listen.ts';
import { createMetrics } from './metrics.ts';
import { serveMetrics } from './metrics-server.ts';
import { createPasswords } from '../passwords/passwords.ts';
import { cacheCheck } from './readiness.ts';
import {
  createRateLimitCounters,
  type TableCounters,
} from '../../repositories/rate-limit-counters.ts';
import { createRateLimits, type RateLimits } from '../../repositories/rate-limits.ts';
import { createRepositories, type Repositories } from '../../repositories/repositories.ts';
import { startTotpSecretJob } from './totp-secret-job.ts';
import { waitForShutdown } from './wait-for-shutdown.ts';

const SWEEP_EVERY_MS = 15 * 60 * 1000;
const SWEEP_LIMIT = 1000;

// Load balancers poll about once a second.
const READINESS_TTL_MS = 1000;
/** The share of the shutdown after `drainDelayMs` in which open requests may finish. The rest is for the cleanup. */
const DRAIN_SHARE_FOR_REQUESTS = 0.8;

/**
 * Serves MiniTwit until the process receives a signal, also while the database is down. Then shuts down gracefully
 * within `drainMaxMs`.
 * @throws OperatorError if a port is not available, and if the database rejects MiniTwit's session variables
 */
export async function serve(config: Config, logger: Logger): Promise<void> {
  // Without a listener, a signal during the start would end the process.
  const shutdown = waitForShutdown();
  const { host, webConcurrency, metricsPort, drainDelayMs, drainMaxMs } = config;
  const poolSize = Math.floor(config.database.poolSize / webConcurrency);
  const database = openDatabase(
    { ...config.database, poolSize },
    { replicas: config.replicas, logger },
  );
  const repositories = createRepositories(database);
  const redisCounters = await openLimitsStore(config, logger);
  const tableCounters = createRateLimitCounters(database);
  const rateLimits = createRateLimits(redisCounters ?? tableCounters, config.rateLimits, logger);
  const passwords = createPasswords({ processes: webConcurrency });
  const mailSender = await openMailSender(config, { repositories, rateLimits, logger });
  const schemaVersion = findLatestVersion();
  const isDatabaseReady = cacheCheck(
    async () => repositories.isReady(await schemaVersion),
    READINESS_TTL_MS,
  );
  const isReady = async () => !drain.isDraining() && (await isDatabaseReady());
  const app = createApp({ config, repositories, rateLimits, passwords, isReady, logger });

  const { server, drain } = createHttpServer(app, config);
  if (metricsPort !== null) {
    const metrics = createMetrics({
      databaseState: () => database.state(),
      hashesQueued: () => passwords.queued(),
      countSessions: () => repositories.sessions.countSessions(nowS()),
      mail: mailSender && {
        counts: mailSender.counts,
        countMails: () => repositories.mails.countMails(),
      },
    });
    server.prependListener('request', metrics.observe);
    // With several workers, the primary process serves the metrics of all.
    if (!cluster.isWorker)
      await serveMetrics(metrics.read, { host: config.metricsHost, port: metricsPort });
  }
  await schemaVersion;
  await Promise.all([database.checkServers(), redisCounters?.waitUntilConnected()]);
  const port = await listen(server, { host, port: config.port, setting: 'PORT' });
  logger.info({ host, port }, 'MiniTwit is listening.');
  // `npm run local` waits for this message.
  process.send?.({ port });
  const sweeper = setInterval(() => {
    void sweep(repositories, tableCounters, logger);
  }, SWEEP_EVERY_MS);
  const stopAccountJobs = startAccountJobs(repositories, logger);
  const stopTotpSecretJob = startTotpSecretJob(repositories.totp, config, logger);

  await shutdown;
  logger.info('MiniTwit is shutting down.');
  clearInterval(sweeper);
  const mailsSent = mailSender?.stop();
  stopAccountJobs();
  stopTotpSecretJob();
  const requestsMaxMs = (drainMaxMs - drainDelayMs) * DRAIN_SHARE_FOR_REQUESTS;
  await drain.start({ delayMs: drainDelayMs, maxMs: drainDelayMs + requestsMaxMs });
  // A database that does not respond must not delay the exit.
  const cleanup = Promise.all([passwords.close(), mailsSent]).then(() => {
    redisCounters?.close();
    return database.end();
  });
  await Promise.race([cleanup, sleep(drainMaxMs - drainDelayMs - requestsMaxMs)]);
}

/** Starts to send mails, and returns null without mail. */
async function openMailSender(
  { mail }: Config,
  {
    repositories,
    rateLimits,
    logger,
  }: { repositories: Repositories; rateLimits: RateLimits; logger: Logger },
) {
  if (!mail) return null;
  // The client for SMTP takes 8 MB of memory.
  const { startMailSender } = await import('../mail/mail-sender.ts');
  return startMailSender(mail, repositories, rateLimits, logger);
}

/** Opens the counters of limits in Redis, and returns null without them. */
async function openLimitsStore({ rateLimits, limitsStore, database }: Config, logger: Logger) {
  if (!rateLimits || !limitsStore) return null;
  // The client for Redis takes 7 MB of memory.
  const { openRedisCounters } = await import('../../limits/redis-counters.ts');
  return openRedisCounters(limitsStore, database.name, logger);
}

/** Deletes expired sessions, names of former users, rate limits and links in batches. */
async function sweep(
  { sessions, takenNames, links, passwordResets }: Repositories,
  tableCounters: TableCounters,
  logger: Logger,
): Promise<void> {
  try {
    while ((await sessions.deleteExpiredSessions(nowS(), SWEEP_LIMIT)) === SWEEP_LIMIT);
    while ((await takenNames.deleteFreeNames(nowS(), SWEEP_LIMIT)) === SWEEP_LIMIT);
    while ((await tableCounters.deleteExpired(Date.now(), SWEEP_LIMIT)) === SWEEP_LIMIT);
    while ((await links.deleteExpiredLinks(SWEEP_LIMIT)) === SWEEP_LIMIT);
    while ((await passwordResets.deleteOldRequests(SWEEP_LIMIT)) === SWEEP_LIMIT);
  } catch (err) {
    logger.warn({ err }, 'Expired rows could not be deleted.');
  }
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
