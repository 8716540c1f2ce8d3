import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApp } from '../app.ts';
import type { Config } from '../../config/config.ts';
import { openDatabase } from '../../database/database.ts';
import { prepareDrain } from './drain.ts';
import { createHttpServer } from './http-server.ts';
import { listen } from './listen.ts';
import { createMetrics } from './metrics.ts';
import { serveMetrics } from './metrics-server.ts';
import { createPasswords } from '../passwords/passwords.ts';
import { cacheCheck } from './readiness.ts';
import { createRateLimits, type RateLimits } from '../../repositories/rate-limits.ts';
import { createRepositories } from '../../repositories/repositories.ts';
import type { Sessions } from '../../repositories/sessions.ts';
import { waitForShutdown } from './shutdown.ts';

const SWEEP_EVERY_MS = 15 * 60 * 1000;
const SWEEP_LIMIT = 1000;

// Load balancers poll about as often.
const READINESS_TTL_MS = 1000;
/** How much of the time to stop, behind the delay, is for open requests; the rest is for farewells. */
const DRAIN_SHARE_FOR_REQUESTS = 0.8;

/**
 * Serves MiniTwit, whatever becomes of its database, until the process is told to stop; then within
 * the time that is set for it.
 * @throws OperatorError when a port cannot be had, and when the database does not take MiniTwit's session variables
 */
export async function serve(config: Config, logger: Logger): Promise<void> {
  // heard from the start, since without a listener a signal ends the process
  const stop = waitForShutdown();
  const { host, webConcurrency, metricsPort, drainDelayMs, drainMaxMs } = config;
  const poolSize = Math.floor(config.database.poolSize / webConcurrency);
  const database = openDatabase({ ...config.database, poolSize });
  const repositories = createRepositories(database);
  const rateLimits = createRateLimits(database, config.rateLimits, logger);
  const passwords = createPasswords({ processes: webConcurrency });
  const isDatabaseReady = cacheCheck(() => repositories.isReady(), READINESS_TTL_MS);
  const isReady = async () => !drain.isDraining() && (await isDatabaseReady());
  const app = createApp({ config, repositories, rateLimits, passwords, isReady, logger });

  const server = createHttpServer(app, config);
  const drain = prepareDrain(server);
  if (metricsPort !== null) {
    const metrics = createMetrics({
      poolState: () => database.state(),
      hashesWaiting: () => passwords.queued(),
      countSessions: () => repositories.sessions.countSessions(nowS()),
    });
    server.prependListener('request', metrics.observe);
    // the primary shows the figures of all workers together
    if (!cluster.isWorker)
      await serveMetrics(metrics.read, { host: config.metricsHost, port: metricsPort });
  }
  await database.checkSessionVariables();
  const port = await listen(server, { host, port: config.port, setting: 'PORT' });
  logger.info({ host, port }, 'listening');
  // tells `npm run local` that pages can be read
  process.send?.({ port });
  const sweeper = setInterval(() => {
    void sweep(repositories.sessions, rateLimits, logger);
  }, SWEEP_EVERY_MS);

  await stop;
  logger.info('shutting down');
  clearInterval(sweeper);
  const requestsMaxMs = (drainMaxMs - drainDelayMs) * DRAIN_SHARE_FOR_REQUESTS;
  await drain.start({ delayMs: drainDelayMs, maxMs: drainDelayMs + requestsMaxMs });
  // A database that hangs does not answer the farewell either.
  const cleanup = Promise.all([passwords.close(), database.end()]);
  await Promise.race([cleanup, sleep(drainMaxMs - drainDelayMs - requestsMaxMs)]);
}

/** Deletes what has expired, some at a time. */
async function sweep(sessions: Sessions, rateLimits: RateLimits, logger: Logger): Promise<void> {
  try {
    while ((await sessions.deleteExpiredSessions(nowS(), SWEEP_LIMIT)) === SWEEP_LIMIT);
    while ((await rateLimits.deleteExpired(Date.now(), SWEEP_LIMIT)) === SWEEP_LIMIT);
  } catch (err) {
    logger.warn({ err }, 'what has expired could not be deleted');
  }
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
