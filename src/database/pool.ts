import type { Connection } from 'mysql2';
import type { DatabaseConfig } from '../config/config.ts';
import { isConnectionLimitReached, POOL_CLOSED } from './query-errors.ts';
import {
  destroySocket,
  onceUnusable,
  openConnection,
  createTimeoutError,
} from './open-connection.ts';

const WAIT_MAX_MS = 2000;
const USE_MAX_MS = 5000;
// Requests that wait for a connection; beyond it, a request is refused at once.
const WAITING_PER_CONNECTION = 50;
// After the server has refused a connection: until the next attempt, and while the pool has none at all.
const GROW_AFTER_MS = 5000;
const GROW_FROM_NONE_AFTER_MS = 250;

/** How busy a pool is. */
export interface PoolState {
  /** Its connections, and those in use. */
  open: number;
  used: number;
  /** Who waits for a connection. */
  waiting: number;
  /** Connections that were asked for so far, and the seconds spent waiting for all of them. */
  asked: number;
  waitedS: number;
}

/** A connection on loan. */
export interface PoolConnection extends Connection {
  /** Whether its server was read-only when it was opened. */
  readonly isReplica: boolean;
  release(): void;
}

/** Connections to lend, for a statement or a few. No time that is spent with it is without bound. */
export interface Pool {
  /**
   * Lends a connection, to be released. It is cut when it is not back after 5 s. Requests get one in the order
   * in which they came.
   * @throws mysql2's errors; with the code `ETIMEDOUT` when no connection was to be had within 2 s, and
   *   `POOL_CLOSED` after `end`; OperatorError when the server does not take MiniTwit's session variables
   */
  acquire(): Promise<PoolConnection>;
  state(): PoolState;
  /** Closes every connection, one in use when it is released. Resolves when none is in use. */
  end(): Promise<void>;
}

interface Waiting {
  /** Its number among all requests. */
  number: number;
  lend: (connection: PoolConnection) => void;
  fail: (error: unknown) => void;
}

/**
 * Opens a pool. Connections are opened when they are needed, up to `poolSize`. If the server does not give as many,
 * requests wait for those that it has given, and more are tried for later.
 */
export function openPool(config: DatabaseConfig): Pool {
  const open = new Set<PoolConnection>();
  const idle: PoolConnection[] = [];
  const cuts = new Map<PoolConnection, NodeJS.Timeout>();
  const queue: Waiting[] = [];
  let opening = 0;
  let limit = config.poolSize;
  // Why the last attempt to open a connection failed, if the server has too many.
  let refusal: unknown = null;
  let growth: NodeJS.Timeout | undefined;
  let onEnded: (() => void) | null = null;
  let asked = 0;
  let waitedS = 0;

  function serve(): void {
    while (queue.length > 0 && idle.length > 0) lend(idle.pop() as PoolConnection);
    // One for each request that none is being opened for.
    while (opening < queue.length && open.size + opening < limit) void openAnother();
  }

  function lend(connection: PoolConnection): void {
    const giveUp = () => destroySocket(connection, createTimeoutError('no answer', USE_MAX_MS));
    cuts.set(connection, setTimeout(giveUp, USE_MAX_MS));
    queue.shift()?.lend(connection);
  }

  async function openAnother(): Promise<void> {
    opening++;
    const lastNumber = asked;
    try {
      const { connection, isReplica } = await openConnection(config);
      add(Object.assign(connection, { isReplica, release }));
    } catch (error) {
      if (isConnectionLimitReached(error)) shrink(error);
      // A request that came later waits for an attempt of its own.
      else if (queue[0] && queue[0].number <= lastNumber) queue.shift()?.fail(error);
    }
    opening--;
    serve();
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
    clearTimeout(growth);
    growth = setTimeout(grow, limit > 0 ? GROW_AFTER_MS : GROW_FROM_NONE_AFTER_MS);
  }

  function grow(): void {
    limit = config.poolSize;
    serve();
  }

  function release(this: PoolConnection): void {
    // It may have been cut, or released twice.
    if (!cuts.has(this)) return;
    clearTimeout(cuts.get(this));
    cuts.delete(this);
    takeBack(this);
    serve();
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
    clearTimeout(cuts.get(connection));
    cuts.delete(connection);
    const at = idle.indexOf(connection);
    if (at !== -1) idle.splice(at, 1);
    if (cuts.size === 0) onEnded?.();
    serve();
  }

  function wait(): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        queue.splice(queue.indexOf(waiting), 1);
        reject(refusal ?? createTimeoutError('no connection', WAIT_MAX_MS));
      };
      const timer = setTimeout(giveUp, WAIT_MAX_MS);
      const waiting: Waiting = {
        number: asked,
        lend(connection) {
          clearTimeout(timer);
          resolve(connection);
        },
        fail(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      queue.push(waiting);
      serve();
    });
  }

  return {
    async acquire() {
      const askedAtMs = performance.now();
      asked++;
      if (onEnded !== null) throw closed();
      if (queue.length >= config.poolSize * WAITING_PER_CONNECTION)
        throw new Error('Too many requests wait for a connection.');
      try {
        return await wait();
      } finally {
        waitedS += (performance.now() - askedAtMs) / 1000;
      }
    },
    state: () => ({
      open: open.size,
      used: cuts.size,
      waiting: queue.length,
      asked,
      waitedS,
    }),
    end: () =>
      new Promise((resolve) => {
        onEnded = resolve;
        clearTimeout(growth);
        for (const { fail } of queue.splice(0)) fail(closed());
        for (const connection of idle.splice(0)) takeBack(connection);
        if (cuts.size === 0) resolve();
      }),
  };
}

function closed(): Error {
  return Object.assign(new Error('The pool is closed.'), { code: POOL_CLOSED });
}
