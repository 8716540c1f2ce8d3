import type { Connection } from 'mysql2';
import { OperatorError } from '../errors/operator-error.ts';
import { createTimeoutError, destroySocket, onceUnusable } from './open-connection.ts';
import { isConnectionLimitReached, POOL_CLOSED } from './query-errors.ts';
import { createWaitQueue } from './wait-queue.ts';

const WAIT_MAX_MS = 2000;
const USE_MAX_MS = 5000;
const WAITING_PER_CONNECTION = 50;
// The time until the next attempt after the server has refused a connection, with connections and without any.
const GROW_AFTER_MS = 5000;
const GROW_FROM_NONE_AFTER_MS = 250;

/** The state of a pool, for metrics. */
export interface PoolState {
  /** The number of connections. */
  open: number;
  /** The number of connections in use. */
  used: number;
  /** The number of requests that wait for a connection. */
  waiting: number;
  /** The number of all requests for a connection so far. */
  requested: number;
  /** The time that all requests so far have waited. */
  waitedS: number;
}

/** A connection of a pool, in use. */
export interface PoolConnection extends Connection {
  release(): void;
}

/** A pool of connections. Waiting for a connection and using it have a time limit. */
export interface Pool {
  /**
   * Resolves with a connection, in the order of the calls. The caller releases it. A connection that is not released
   * within 5 s, or `useMaxMs`, is destroyed.
   * @throws the errors of `connect`; an error with the code `ETIMEDOUT` if no connection is available within 2 s, and
   *   `POOL_CLOSED` after `end`
   */
  acquire(): Promise<PoolConnection>;
  state(): PoolState;
  /** Closes all connections. Those in use are closed when they are released. Resolves after the last release. */
  end(): Promise<void>;
}

/**
 * Opens a pool. It opens connections on demand, up to `size`. If the server refuses further connections, requests wait
 * for the existing ones, and the pool tries to open more after some time.
 * @param connect opens a connection
 * @param useMaxMs the time after which a connection that is not released is destroyed
 */
export function openPool(
  size: number,
  connect: () => Promise<Connection>,
  useMaxMs = USE_MAX_MS,
): Pool {
  const open = new Set<PoolConnection>();
  const idle: PoolConnection[] = [];
  const useTimers = new Map<PoolConnection, NodeJS.Timeout>();
  let opening = 0;
  let limit = size;
  // The error with which the server refused the last connection because it has too many.
  let refusal: unknown = null;
  let growTimer: NodeJS.Timeout | undefined;
  let onEnded: (() => void) | null = null;
  const queue = createWaitQueue<PoolConnection>({
    waitMaxMs: WAIT_MAX_MS,
    waitingMax: size * WAITING_PER_CONNECTION,
    createTimeoutError: () => refusal ?? createTimeoutError('no connection', WAIT_MAX_MS),
  });

  function serveQueue(): void {
    while (queue.length > 0 && idle.length > 0) startUse(idle.pop() as PoolConnection);
    while (opening < queue.length && open.size + opening < limit) void openAnother();
  }

  function startUse(connection: PoolConnection): void {
    const giveUp = () => destroySocket(connection, createTimeoutError('no answer', useMaxMs));
    useTimers.set(connection, setTimeout(giveUp, useMaxMs));
    queue.resolveFirst(connection);
  }

  async function openAnother(): Promise<void> {
    opening++;
    const lastNumber = queue.requested;
    try {
      add(Object.assign(await connect(), { release }));
    } catch (error) {
      if (isConnectionLimitReached(error)) shrink(error);
      // A later request waits for a later attempt.
      else queue.rejectFirst(error, lastNumber);
    }
    opening--;
    serveQueue();
  }

  function add(connection: PoolConnection): void {
    open.add(connection);
    refusal = null;
    limit = Math.max(limit, open.size);
    onceUnusable(connection, () => remove(connection));
    takeBack(connection);
  }

  function shrink(error: unknown): void {
    refusal = error;
    limit = open.size;
    clearTimeout(growTimer);
    growTimer = setTimeout(grow, limit > 0 ? GROW_AFTER_MS : GROW_FROM_NONE_AFTER_MS);
  }

  function grow(): void {
    limit = size;
    serveQueue();
  }

  function release(this: PoolConnection): void {
    // The connection may have been destroyed, or released before.
    if (!useTimers.has(this)) return;
    clearTimeout(useTimers.get(this));
    useTimers.delete(this);
    takeBack(this);
    serveQueue();
  }

  function takeBack(connection: PoolConnection): void {
    if (onEnded === null && connection.state === 'authenticated') {
      idle.push(connection);
      return;
    }
    if (onEnded === null) destroySocket(connection);
    else connection.end();
    remove(connection);
  }

  function remove(connection: PoolConnection): void {
    if (!open.delete(connection)) return;
    clearTimeout(useTimers.get(connection));
    useTimers.delete(connection);
    const index = idle.indexOf(connection);
    if (index !== -1) idle.splice(index, 1);
    if (useTimers.size === 0) onEnded?.();
    serveQueue();
  }

  return {
    async acquire() {
      if (onEnded !== null) throw createClosedError();
      const connection = queue.wait();
      serveQueue();
      return connection;
    },
    state: () => ({
      open: open.size,
      used: useTimers.size,
      waiting: queue.length,
      requested: queue.requested,
      waitedS: queue.waitedS,
    }),
    end: () =>
      new Promise((resolve) => {
        onEnded = resolve;
        clearTimeout(growTimer);
        queue.rejectAll(createClosedError());
        for (const connection of idle.splice(0)) takeBack(connection);
        if (useTimers.size === 0) resolve();
      }),
  };
}

/**
 * Opens a connection to check that the server accepts MiniTwit's session variables. Does nothing if the server cannot be
 * reached within 2 s.
 * @throws OperatorError, one line, if the server does not accept them
 */
export async function checkPool(pool: Pool): Promise<void> {
  try {
    (await pool.acquire()).release();
  } catch (error) {
    if (error instanceof OperatorError) throw error;
  }
}

function createClosedError(): Error {
  return Object.assign(new Error('The pool is closed.'), { code: POOL_CLOSED });
}
