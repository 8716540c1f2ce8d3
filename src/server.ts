import cluster from 'node:cluster';
import dotenv from 'dotenv';
import { pino } from 'pino';
import { readConfig } from './config/config.ts';
import { runProgram } from './cli/program.ts';
import { serve } from './web/server/serve.ts';
import { superviseWorkers } from './web/server/workers.ts';

// One write for a few dozen lines. To write each line by itself takes longer than to create it.
const LOG_BUFFER_MIN_LENGTH = 4096;
const LOG_BUFFER_MAX_LENGTH = 8_000_000;
const LOG_FLUSH_EVERY_MS = 100;

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const config = readConfig(process.env);
  // Log lines are buffered and written in batches. If the reader of the pipe is too slow, new lines are dropped.
  const destination = pino.destination({
    sync: false,
    minLength: LOG_BUFFER_MIN_LENGTH,
    maxLength: LOG_BUFFER_MAX_LENGTH,
    periodicFlush: LOG_FLUSH_EVERY_MS,
  });
  const logger = pino({ level: config.logLevel }, destination);
  try {
    if (config.webConcurrency > 1 && cluster.isPrimary) await superviseWorkers(config, logger);
    else await serve(config, logger);
  } finally {
    // If the reader of the pipe has ended, the exit would try to write the last lines without end.
    await new Promise((resolve) => destination.flush(resolve));
  }
  process.exit();
});
