import { expect } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { Client } from './client.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Instance } from './cluster.ts';

const ACCOUNTS_MAX = 8;
/** The factor of the load's duration in `npm run reliability`. */
export const LOAD_FACTOR = process.env.WRITE_FIGURES ? 5 : 1;

/** A request and its result. The status is 0 if the connection failed. */
export interface LoadRequest {
  kind: 'read' | 'post';
  status: number;
  /** On the clock of `performance.now()`. */
  startedAtMs: number;
  endedAtMs: number;
  /** The text of a post, and an empty string for a read. */
  text: string;
}

/** Users who read and post without pauses, and the ledger of their requests. */
export interface Load {
  /** All completed requests in the order of their ends. */
  requests: LoadRequest[];
  /** Stops the users, and resolves when all have received their last response. */
  stop: () => Promise<void>;
}

/** Returns logged-in clients. Some share an account, because the hash at a login takes a tenth of a second. */
export async function createUsers(url: string, count: number): Promise<Client[]> {
  const accounts = await Promise.all(
    Array.from({ length: Math.min(count, ACCOUNTS_MAX) }, async (_, index) => {
      const client = new Client(url);
      await client.register(`user${index}`);
      const { status } = await client.login(`user${index}`);
      if (status !== 302) throw new Error(`user${index} could not log in: ${status}`);
      return client;
    }),
  );
  const others = Array.from({ length: count - accounts.length }, (_, index) =>
    accounts[index % accounts.length]?.withUrl(url),
  );
  return [...accounts, ...others.filter((client) => client !== undefined)];
}

/** Lets each client post, read the public timeline and read its home timeline in turn. */
export function startLoad(clients: Client[]): Load {
  const requests: LoadRequest[] = [];
  const end = new AbortController();

  async function run(client: Client, user: number): Promise<void> {
    for (let turn = 0; !end.signal.aborted; turn++) {
      const kind = turn % 3 === 0 ? 'post' : 'read';
      const text = kind === 'post' ? `post ${turn} of user ${user}` : '';
      const startedAtMs = performance.now();
      const { status } = await (kind === 'post'
        ? client.post('/add_message', { text })
        : client.get(turn % 3 === 1 ? '/public' : '/'));
      requests.push({ kind, status, startedAtMs, endedAtMs: performance.now(), text });
    }
  }

  const runs = clients.map(run);
  return {
    requests,
    async stop() {
      end.abort();
      await Promise.all(runs);
    },
  };
}

/**
 * Waits until the load has completed `count` more requests, times LOAD_FACTOR. Returns the duration in milliseconds.
 */
export function waitForRequests(load: Load, count: number): Promise<number> {
  const enough = load.requests.length + count * LOAD_FACTOR;
  return waitFor(`${count * LOAD_FACTOR} more requests`, () => load.requests.length >= enough);
}

/** Stops an instance gracefully, and starts it again. Waits until the load balancer has noticed both. */
export async function restartUnderLoad(instance: Instance, load: Load): Promise<void> {
  instance.program().process.kill('SIGTERM');
  expect(await instance.program().ended).toBe(0);
  await waitForRequests(load, 100);
  await instance.start();
  await waitFor(
    'the instance is ready',
    async () => (await fetch(`${instance.url}/readyz`)).status === 200,
  );
  // The load balancer detects the ready instance by its health check.
  await waitForRequests(load, 300);
}

/** Returns whether a request has the expected status. */
export function succeeded({ kind, status }: LoadRequest): boolean {
  return status === (kind === 'post' ? 302 : 200);
}

/** The comparison of the ledger with the database. */
export interface LedgerResult {
  requests: number;
  failed: number;
  acknowledged: number;
  /** Acknowledged posts that are stored exactly once. */
  found: number;
  /** Posts that are stored more than once, acknowledged or not. */
  duplicated: number;
  /** Stored posts whose response was lost. */
  unacknowledged: number;
}

/** Compares the ledger with the database. */
export async function reconcile(
  requests: LoadRequest[],
  database: Database,
): Promise<LedgerResult> {
  const rows = await database.select<{ text: string; times: number }>(
    'select text, count(*) as times from message group by text',
  );
  const stored = new Map(rows.map(({ text, times }) => [text, times]));
  const acknowledged = requests.filter((each) => each.kind === 'post' && succeeded(each));
  const known = new Set(acknowledged.map(({ text }) => text));
  return {
    requests: requests.length,
    failed: requests.filter((each) => !succeeded(each)).length,
    acknowledged: acknowledged.length,
    found: acknowledged.filter(({ text }) => stored.get(text) === 1).length,
    duplicated: rows.filter(({ times }) => times > 1).length,
    unacknowledged: rows.filter(({ text }) => !known.has(text)).length,
  };
}
