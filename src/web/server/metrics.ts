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
import type { DatabaseState } from '../../database/database.ts';
import type { ReplicaState } from '../../database/replica.ts';
import { routePath } from '../middleware/route-path.ts';

/** The sources of the application's own metrics. */
export interface MetricSources {
  databaseState: () => DatabaseState;
  /** Password hashes that are queued for a thread. */
  hashesQueued: () => number;
  /** Unexpired sessions in the database. */
  countSessions: () => Promise<number>;
  /** Null if mail is off. */
  mail: MailSources | null;
}

interface MailSources {
  /** The mails that this process has sent, and its failed attempts. */
  counts: () => { sent: number; failed: number };
  /** Mails in the database that are not sent. */
  countMails: () => Promise<number>;
}

/** The metrics of one process. */
export interface Metrics {
  /** Measures a request. Call it before the application handles the request. */
  observe: (request: IncomingMessage, response: ServerResponse) => void;
  /** Returns all metrics in the text format of Prometheus. */
  read: () => Promise<string>;
}

const DURATIONS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const COUNT_EVERY_MS = 60_000;

/** Creates the metrics of this process. */
export function createMetrics({
  databaseState,
  hashesQueued,
  countSessions,
  mail,
}: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the end of its response.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATIONS_S,
    registers: [registry],
  });
  const poolState = () => databaseState().pool;
  gauge(registry, 'minitwit_db_connections', 'Open database connections.', () => poolState().open);
  gauge(
    registry,
    'minitwit_db_connections_used',
    'Database connections in use.',
    () => poolState().used,
  );
  gauge(
    registry,
    'minitwit_db_waiting',
    'Requests that wait for a database connection.',
    () => poolState().waiting,
  );
  counter(
    registry,
    'minitwit_db_waits_total',
    'Requests for a database connection.',
    () => poolState().requested,
  );
  counter(
    registry,
    'minitwit_db_wait_seconds_total',
    'Time spent waiting for a database connection.',
    () => poolState().waitedS,
  );
  if (databaseState().replicas.length > 0) addReplicaMetrics(registry, databaseState);
  gauge(
    registry,
    'minitwit_hashes_waiting',
    'Password hashes that wait for a thread.',
    hashesQueued,
  );
  const sessions = cacheSample(countSessions, COUNT_EVERY_MS);
  gauge(
    registry,
    'minitwit_sessions',
    'Sessions in the database, which all instances share.',
    sessions,
    'max',
  );
  if (mail) addMailMetrics(registry, mail);

  // With a registry of this kind in the worker, the primary process can read the worker's metrics.
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

function addReplicaMetrics(registry: Registry, databaseState: () => DatabaseState): void {
  readCounter(registry, databaseState);
  const add = (name: string, help: string, read: (state: ReplicaState) => number | null) =>
    replicaGauge(registry, name, help, () =>
      databaseState().replicas.map((it) => [it.name, read(it)]),
    );
  add(
    'minitwit_db_replica_lag_seconds',
    'Seconds that the last read waited for the replica. While reads wait in vain: since the first of them.',
    ({ lagS }) => lagS,
  );
  add(
    'minitwit_db_replica_excluded',
    'Whether the replica is excluded because it lags, fails or is slow: 1 or 0.',
    ({ isExcluded }) => Number(isExcluded),
  );
  add(
    'minitwit_db_replica_connections',
    'Open connections to the replica.',
    ({ pool }) => pool.open,
  );
  add(
    'minitwit_db_replica_waiting',
    'Reads that wait for a connection to the replica.',
    ({ pool }) => pool.waiting,
  );
}

function addMailMetrics(registry: Registry, { counts, countMails }: MailSources): void {
  counter(registry, 'minitwit_mails_sent_total', 'Sent mails.', () => counts().sent);
  counter(
    registry,
    'minitwit_mails_failed_total',
    'Attempts to send a mail that failed.',
    () => counts().failed,
  );
  gauge(
    registry,
    'minitwit_mails_waiting',
    'Mails in the database that are not sent, which all instances share.',
    cacheSample(countMails, COUNT_EVERY_MS),
    'max',
  );
}

type Sample = () => number | Promise<number>;

/** Registers a gauge. Its values of several processes are added, unless `aggregator` is set. */
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

/** Registers a counter. `read` returns its total. */
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

/** Registers the counter of reads. */
function readCounter(registry: Registry, databaseState: () => DatabaseState) {
  return new Counter({
    name: 'minitwit_db_reads_total',
    help: 'Selects outside of transactions that were sent to the writer, and those that each replica has answered.',
    labelNames: ['server'],
    registers: [registry],
    collect() {
      const { readsAtWriter, replicas } = databaseState();
      this.reset();
      this.inc({ server: 'writer' }, readsAtWriter);
      for (const { name, reads } of replicas) this.inc({ server: name }, reads);
    },
  });
}

/** Registers a gauge with a value for each replica. `read` returns names and values, or null for no value. */
function replicaGauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => [string, number | null][],
) {
  return new Gauge({
    name,
    help,
    labelNames: ['server'],
    registers: [registry],
    aggregator: 'max',
    collect() {
      for (const [server, value] of read()) if (value !== null) this.set({ server }, value);
    },
  });
}

/** Caches an expensive sample for `ttlMs`. If a read fails, the last value is valid for another `ttlMs`. */
function cacheSample(read: () => Promise<number>, ttlMs: number): () => Promise<number> {
  let sample = Number.NaN;
  let readAtMs = -Infinity;
  return async () => {
    if (performance.now() - readAtMs > ttlMs) {
      readAtMs = performance.now();
      sample = await read().catch(() => sample);
    }
    return sample;
  };
}
