import cluster from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';
import type { Config } from '../../config/config.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { serveMetrics } from './metrics-server.ts';
import { waitForShutdown } from './wait-for-shutdown.ts';

const RESTART_AFTER_MS = 1000;
/** Added to `drainMaxMs`, in which the workers shut down by themselves. */
const STOP_GRACE_MS = 1000;

/**
 * Runs `webConcurrency` workers of this program on one port, and replaces a worker that exits, until this process
 * receives a signal. Then stops the workers.
 * @throws OperatorError if a worker exits before any worker has listened. The worker has printed the cause.
 */
export async function superviseWorkers(
  { metricsHost: host, metricsPort, webConcurrency, drainMaxMs }: Config,
  logger: Logger,
): Promise<void> {
  const shutdown = waitForShutdown();
  let isStopping = false;
  let hasServed = false;
  let fail: (error: OperatorError) => void;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));

  cluster.on('listening', (_worker, { port }) => {
    if (!hasServed) process.send?.({ port });
    hasServed = true;
  });
  cluster.on('exit', (worker, status, signal) => {
    if (isStopping) return;
    if (!hasServed) fail(new OperatorError('No worker could start.'));
    logger.error({ worker: worker.process.pid, status, signal }, 'A worker exited.');
    // Without a pause, a worker that fails at its start would be restarted in a tight loop.
    setTimeout(start, RESTART_AFTER_MS);
  });
  if (metricsPort !== null) {
    const all = new AggregatorRegistry();
    await serveMetrics(() => all.clusterMetrics(), { host, port: metricsPort });
  }
  const start = () => !isStopping && cluster.fork();
  for (let index = 0; index < webConcurrency; index++) start();

  await Promise.race([shutdown, failed]);
  isStopping = true;
  await stopWorkers(drainMaxMs);
}

async function stopWorkers(drainMaxMs: number): Promise<void> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const ended = Promise.all(workers.map((worker) => once(worker, 'exit')));
  for (const { process: worker } of workers) worker.kill('SIGTERM');
  await Promise.race([ended, sleep(drainMaxMs + STOP_GRACE_MS)]);
  for (const { process: worker } of workers) worker.kill('SIGKILL');
}
