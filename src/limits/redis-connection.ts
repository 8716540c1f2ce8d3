import { hash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { LimitsStoreConfig } from '../config/limits-store-settings.ts';
import { errorMessage } from '../errors/error-message.ts';

/** A Lua script, which a Redis server runs as one atomic step. */
export interface Script {
  lua: string;
  sha1: string;
}

/** A connection to a Redis server. While it is lost, scripts fail at once, and the client connects again. */
export interface RedisConnection {
  /**
   * Runs a script, and resolves with its reply.
   * @throws Error within a second, without the keys and values of the script. It may have run nevertheless
   */
  run(script: Script, keys: string[], values: (string | number)[]): Promise<unknown>;
  /** Resolves after the first attempt to connect, or after two seconds. */
  waitUntilConnected(): Promise<void>;
  /** Closes the connection. Waiting scripts fail. */
  close(): void;
}

const RUN_MAX_MS = 1000;
const CONNECT_MAX_MS = 2000;
const RECONNECT_AFTER_MIN_MS = 50;
const RECONNECT_AFTER_MAX_MS = 1000;
/** More scripts than this wait only if the server does not answer. */
const WAITING_MAX = 1000;

/** Returns a script for `RedisConnection.run`. */
export function createScript(lua: string): Script {
  return { lua, sha1: hash('sha1', lua) };
}

/** Opens a connection. The server does not need to be running. */
export function openRedis(config: LimitsStoreConfig, logger: Logger): RedisConnection {
  const redis = createClient(config);
  const connectionProblem = logConnection(redis, logger);
  let waiting = 0;

  async function evaluate({ lua, sha1 }: Script, keys: string[], values: (string | number)[]) {
    try {
      return await redis.evalsha(sha1, keys.length, ...keys, ...values);
    } catch (error) {
      // A server that was restarted no longer has the script.
      if (!errorMessage(error).startsWith('NOSCRIPT')) throw error;
      return redis.eval(lua, keys.length, ...keys, ...values);
    }
  }

  return {
    async run(script, keys, values) {
      if (connectionProblem() !== null) throw createError(connectionProblem());
      if (waiting >= WAITING_MAX) throw createError('too many requests wait for it');
      waiting++;
      try {
        return await evaluate(script, keys, values);
      } catch (error) {
        // The errors of ioredis contain the command with its values, so only the message is passed on.
        throw createError(connectionProblem() ?? errorMessage(error));
      } finally {
        waiting--;
      }
    },
    async waitUntilConnected() {
      if (connectionProblem() === null) return;
      const connected = once(redis, 'ready').catch(() => undefined);
      await Promise.race([connected, sleep(CONNECT_MAX_MS, undefined, { ref: false })]);
    },
    close: () => redis.disconnect(),
  };
}

function createError(reason: string | null): Error {
  return new Error(`The store of the rate limits failed: ${reason}`);
}

function createClient({ host, port, tls, auth, database }: LimitsStoreConfig): Redis {
  return new Redis({
    host,
    port,
    ...(tls && { tls: {} }),
    ...(auth && { ...(auth.user !== null && { username: auth.user }), password: auth.password }),
    db: database,
    connectionName: 'minitwit',
    connectTimeout: CONNECT_MAX_MS,
    commandTimeout: RUN_MAX_MS,
    // A silent server is disconnected, since the host name may lead to another one by now.
    socketTimeout: RUN_MAX_MS,
    disconnectTimeout: RUN_MAX_MS,
    retryStrategy: (attempt) =>
      Math.min(RECONNECT_AFTER_MIN_MS * 2 ** attempt, RECONNECT_AFTER_MAX_MS) * Math.random(),
    // After a failover, a connection may still lead to the former primary.
    reconnectOnError: ({ message }) => message.includes('READONLY'),
    // An event must neither wait for a connection nor be counted twice.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });
}

/**
 * Logs when the connection is lost, and when it works again. Returns a function that returns the reason why there is no
 * usable connection, or null if there is one.
 */
function logConnection(redis: Redis, logger: Logger): () => string | null {
  let error: string | null = null;
  let problem: string | null = 'there is no connection yet';
  let isLogged = false;
  function report(reason: string): void {
    error = null;
    problem = `there is no connection: ${reason}`;
    if (!isLogged) logger.warn({ reason }, 'The store of the rate limits is not connected.');
    isLogged = true;
  }
  redis.on('error', (cause: unknown) => (error = errorMessage(cause)));
  // A connection that `close` ends is not reported, since no other follows.
  redis.on('reconnecting', () => report(error ?? 'the server closed it'));
  redis.on('ready', () => {
    // If the client could not select the database, it would count in another one.
    if (error !== null) return report(error);
    if (isLogged) logger.info('The store of the rate limits is connected again.');
    problem = null;
    isLogged = false;
  });
  return () => problem;
}
