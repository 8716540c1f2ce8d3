import type { Database } from '../../src/database/database.ts';
import { Client } from './client.ts';
import { waitFor } from '../support/wait-for.ts';

const ACCOUNTS_MAX = 8;
/** How much longer `npm run reliability` measures than the tests need. */
export const LOAD_FACTOR = process.env.WRITE_FIGURES ? 5 : 1;

/** A request that somebody made, and what became of it; `status` 0 when nothing came back. */
export interface Made {
  kind: 'read' | 'post';
  status: number;
  /** By `performance.now()`. */
  startedAtMs: number;
  endedAtMs: number;
  /** Of a post. */
  text: string;
}

/** People who read and post without a pause, and the ledger of what they were told. */
export interface Load {
  /** Every request so far, in the order of their ends. */
  made: Made[];
  /** Stops when each has the answer to the last request. */
  stop: () => Promise<void>;
}

/** Returns logged-in clients. Some share an account, because to hash the password of a login takes a tenth of a second. */
export async function gather(url: string, people: number): Promise<Client[]> {
  const accounts = await Promise.all(
    Array.from({ length: Math.min(people, ACCOUNTS_MAX) }, async (_, index) => {
      const client = new Client(url);
      await client.register(`person${index}`);
      const { status } = await client.login(`person${index}`);
      if (status !== 302) throw new Error(`person${index} could not log in: ${status}`);
      return client;
    }),
  );
  const others = Array.from({ length: people - accounts.length }, (_, index) =>
    accounts[index % accounts.length]?.at(url),
  );
  return [...accounts, ...others.filter((client) => client !== undefined)];
}

/** Lets people who are logged in post, and read the public timeline and their own, in turn. */
export function startLoad(people: Client[]): Load {
  const made: Made[] = [];
  const end = new AbortController();

  async function live(client: Client, person: number): Promise<void> {
    for (let turn = 0; !end.signal.aborted; turn++) {
      const kind = turn % 3 === 0 ? 'post' : 'read';
      const text = kind === 'post' ? `post ${turn} of person ${person}` : '';
      const startedAtMs = performance.now();
      const { status } = await (kind === 'post'
        ? client.post('/add_message', { text })
        : client.get(turn % 3 === 1 ? '/public' : '/'));
      made.push({ kind, status, startedAtMs, endedAtMs: performance.now(), text });
    }
  }

  const lives = people.map(live);
  return {
    made,
    async stop() {
      end.abort();
      await Promise.all(lives);
    },
  };
}

/** Waits until the load has made this many more requests, times LOAD_FACTOR. Returns the duration in milliseconds. */
export function more(load: Load, requests: number): Promise<number> {
  const enough = load.made.length + requests * LOAD_FACTOR;
  return waitFor(`${requests * LOAD_FACTOR} more requests`, () => load.made.length >= enough);
}

/** Whether a request was answered as it should be. */
export function isServed({ kind, status }: Made): boolean {
  return status === (kind === 'post' ? 302 : 200);
}

/** What the ledger and the database say of the same posts. */
export interface Account {
  requests: number;
  failed: number;
  acknowledged: number;
  /** Acknowledged, and stored exactly once. */
  found: number;
  /** Stored more than once, acknowledged or not. */
  twice: number;
  /** Stored without having been acknowledged: those whose answer was lost. */
  unacknowledged: number;
}

/** Compares what people were told with what is stored. */
export async function settle(made: Made[], database: Database): Promise<Account> {
  const rows = await database.select<{ text: string; times: number }>(
    'select text, count(*) as times from message group by text',
  );
  const stored = new Map(rows.map(({ text, times }) => [text, times]));
  const acknowledged = made.filter((each) => each.kind === 'post' && isServed(each));
  const known = new Set(acknowledged.map(({ text }) => text));
  return {
    requests: made.length,
    failed: made.filter((each) => !isServed(each)).length,
    acknowledged: acknowledged.length,
    found: acknowledged.filter(({ text }) => stored.get(text) === 1).length,
    twice: rows.filter(({ times }) => times > 1).length,
    unacknowledged: rows.filter(({ text }) => !known.has(text)).length,
  };
}
