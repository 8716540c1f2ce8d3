import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import dotenv from 'dotenv';
import { type Logger, pino } from 'pino';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import { openDatabase } from './database/database.ts';
import { prepareDrain } from './drain.ts';
import { OperatorError } from './errors.ts';
import { createPasswords } from './passwords/passwords.ts';
import { runProgram } from './program.ts';
import { createRepositories } from './repositories/repositories.ts';
import type { Sessions } from './repositories/sessions.ts';

const DRAIN_MAX_MS = 10_000;
const FAREWELL_MAX_MS = 2000;
const SWEEP_EVERY_MS = 15 * 60 * 1000;
const SWEEP_LIMIT = 1000;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const config = readConfig(process.env);
  const logger = pino({ level: config.logLevel });
  const database = openDatabase(config.database);
  const repositories = createRepositories(database);
  const passwords = createPasswords();
  const isReady = () => repositories.isReady();
  const app = createApp({ config, repositories, passwords, isReady, logger });

  const server = createServer(app);
  const drain = prepareDrain(server);
  await listen(server, config.host, config.port);
  const { port } = server.address() as AddressInfo;
  logger.info({ host: config.host, port }, 'listening');
  // tells `npm run local` that pages can be read
  process.send?.({ port });

  const sweeper = sweepSessions(repositories.sessions, logger);
  await shutdownSignal();
  logger.info('shutting down');
  clearInterval(sweeper);
  await drain(DRAIN_MAX_MS);
  // A database that hangs does not answer the farewell either.
  await Promise.race([Promise.all([passwords.close(), database.end()]), sleep(FAREWELL_MAX_MS)]);
  process.exit();
});

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'something else uses it' : code;
    throw new OperatorError(
      `Cannot listen on port ${port} of ${host}: ${reason}. Set PORT to another.`,
    );
  }
}

function shutdownSignal(): Promise<unknown> {
  return Promise.race([
    once(process, 'SIGTERM'),
    once(process, 'SIGINT'),
    // `npm run local`, which started us, is gone
    once(process, 'disconnect'),
  ]);
}

function sweepSessions(sessions: Sessions, logger: Logger): NodeJS.Timeout {
  return setInterval(() => {
    sessions
      .deleteExpiredSessions(Math.floor(Date.now() / 1000), SWEEP_LIMIT)
      .catch((err: unknown) => {
        logger.warn({ err }, 'expired sessions could not be deleted');
      });
  }, SWEEP_EVERY_MS);
}
