import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
} from 'prom-client';
import type { PoolState } from '../../database/pool.ts';
import { routePath } from '../middleware/route-path.ts';

/** What is measured beside requests and Node itself. */
export interface MetricSources {
  poolState: () => PoolState;
  /** Hashes that wait for a thread. */
  hashesWaiting: () => number;
  /** People who are logged in. */
  countSessions: () => Promise<number>;
}

/** What one process measures. */
export interface Metrics {
  /** To be told of each request as it comes, before the application. */
  observe: (request: IncomingMessage, response: ServerResponse) => void;
  /** All figures, as Prometheus reads them. */
  read: () => Promise<string>;
}

const DURATIONS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const COUNT_SESSIONS_EVERY_MS = 60_000;

/** Measures this process. */
export function createMetrics({ poolState, hashesWaiting, countSessions }: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATIONS_S,
    registers: [registry],
  });
  gauge(registry, 'minitwit_db_connections', 'Open database connections.', () => poolState().open);
  gauge(registry, 'minitwit_db_connections_used', 'Those in use.', () => poolState().used);
  gauge(registry, 'minitwit_db_waiting', 'Who waits for one of them.', () => poolState().waiting);
  counter(registry, 'minitwit_db_waits_total', 'Who asked for one.', () => poolState().asked);
  counter(registry, 'minitwit_db_wait_seconds_total', 'How long they waited.', () => {
    return poolState().waitedS;
  });
  gauge(registry, 'minitwit_hashes_waiting', 'Password hashes without a thread.', hashesWaiting);
  const sessions = cacheSample(countSessions, COUNT_SESSIONS_EVERY_MS);
  gauge(
    registry,
    'minitwit_sessions',
    'Sessions in the database, of all instances.',
    sessions,
    'max',
  );

  // lets the primary ask a worker for its figures, once there is such a registry
  AggregatorRegistry.setRegistries([registry]);
  void new AggregatorRegistry();
  return {
    observe(request, response) {
      const stop = durations.startTimer();
      response.once('close', () => {
        const route = routePath(request as Request) ?? 'none';
        stop({ method: request.method ?? '', route, status: response.statusCode });
      });
    },
    read: () => registry.metrics(),
  };
}

type Sample = () => number | Promise<number>;

/** Shows a figure as it is; several processes' figures are added, unless said otherwise. */
function gauge(registry: Registry, name: string, help: string, read: Sample, aggregator?: 'max') {
  return new Gauge({
    name,
    help,
    registers: [registry],
    ...(aggregator && { aggregator }),
    async collect() {
      this.set(await read());
    },
  });
}

/** Shows a figure that only grows. */
function counter(registry: Registry, name: string, help: string, read: Sample) {
  return new Counter({
    name,
    help,
    registers: [registry],
    async collect() {
      this.reset();
      this.inc(await read());
    },
  });
}

/** Keeps a figure that is dear to get for some time, and for longer when it cannot be had. */
function cacheSample(read: () => Promise<number>, keepMs: number): () => Promise<number> {
  let figure = Number.NaN;
  let readAtMs = -Infinity;
  return async () => {
    if (performance.now() - readAtMs > keepMs) {
      readAtMs = performance.now();
      figure = await read().catch(() => figure);
    }
    return figure;
  };
}
