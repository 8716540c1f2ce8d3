import cluster from 'node:cluster';
import dotenv from 'dotenv';
import { pino } from 'pino';
import { readConfig } from './config.ts';
import { runProgram } from './program.ts';
import { serve } from './serve.ts';
import { superviseWorkers } from './workers.ts';

await runProgram(async () => {
  if (process.env.NODE_ENV !== 'production') dotenv.config({ quiet: true });
  const config = readConfig(process.env);
  // lines that come while others are written are written together
  const logger = pino({ level: config.logLevel }, pino.destination({ sync: false }));
  if (config.webConcurrency > 1 && cluster.isPrimary) await superviseWorkers(config, logger);
  else await serve(config, logger);
  process.exit();
});
