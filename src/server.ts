import cluster from 'node:cluster';
import dotenv from 'dotenv';
import { pino } from 'pino';
import { readConfig } from './config/config.ts';
import { runProgram } from './cli/program.ts';
import { serve } from './web/server/serve.ts';
import { superviseWorkers } from './web/server/workers.ts';

const LOG_BUFFER_MAX_LENGTH = 8_000_000;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const config = readConfig(process.env);
  // Log lines are buffered and written in batches. If the reader of the pipe is too slow, new lines are dropped.
  const destination = pino.destination({ sync: false, maxLength: LOG_BUFFER_MAX_LENGTH });
  const logger = pino({ level: config.logLevel }, destination);
  if (config.webConcurrency > 1 && cluster.isPrimary) await superviseWorkers(config, logger);
  else await serve(config, logger);
  process.exit();
});
