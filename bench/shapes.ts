import { isDeepStrictEqual } from 'node:util';
import mysql, { type Connection } from 'mysql2/promise';
import type { DatabaseConfig } from '../src/config/config.ts';
import { openDatabase } from '../src/database/database.ts';
import { connectionOptions } from '../src/database/open-connection.ts';
import { createProfiles } from '../src/repositories/profiles.ts';
import type { DataSet } from './data-sets.ts';
import { type Ask, SHAPES } from './reader-shapes.ts';

/** How many readers a second a way of reading serves. */
export interface ShapeFigures {
  name: string;
  byQuery: number;
  /** null where lists are asked for alone */
  byExecute: number | null;
}

type Method = 'query' | 'execute';

const CONNECTIONS = 4;
const READERS = 64;
const CHECKED = 10;
// next to each other, readers would be too much alike
const STEP = 7919;

/**
 * Measures the ways to read a reader's newest page, next to each other and without a web server: several
 * connections ask without a pause.
 * @throws Error when one gives other messages than the others
 */
export async function measureShapes(
  { ours, users }: DataSet,
  secondsEach: number,
): Promise<ShapeFigures[]> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(ours)));
  const [connection] = connections;
  if (!connection) return [];
  await check(connection, users);
  const figures: ShapeFigures[] = [];
  for (const shape of SHAPES) {
    const measure = (method: Method) => {
      const asks = connections.map((each) => createAsk(each, method));
      const asking = asks.map((ask) => (readerId: number) => shape.read(ask, readerId));
      return drive(asking, users, secondsEach);
    };
    const byQuery = await measure('query');
    figures.push({ name: shape.name, byQuery, byExecute: await measure('execute') });
  }
  for (const each of connections) await each.end();
  return [...figures, await measureOurs(ours, users, secondsEach)];
}

/** The last of these ways as MiniTwit goes it: for all who ask at the same time at once. */
async function measureOurs(config: DatabaseConfig, users: number, secondsEach: number) {
  const database = openDatabase(config);
  const profiles = createProfiles(database);
  const read = (readerId: number) => profiles.listHomeTimelineIds(readerId);
  const asking = Array.from({ length: READERS }, () => read);
  const byQuery = await drive(asking, users, secondsEach);
  await database.end();
  return {
    name: `The same for ${READERS} readers who ask at the same time`,
    byQuery,
    byExecute: null,
  };
}

function connect(config: DatabaseConfig): Promise<Connection> {
  return mysql.createConnection(connectionOptions(config));
}

function createAsk(connection: Connection, method: Method): Ask {
  return async <Row>(
    sql: string,
    parameters: Record<string, number | number[]>,
    { hasList } = { hasList: false },
  ) => {
    const [rows] =
      hasList || method === 'query'
        ? await connection.query(sql, { ...parameters })
        : await connection.execute(sql, { ...parameters });
    return rows as Row[];
  };
}

async function check(connection: Connection, users: number): Promise<void> {
  const ask = createAsk(connection, 'query');
  for (let index = 0; index < CHECKED; index++) {
    const readerId = readerAt(index, users);
    const answers = await Promise.all(SHAPES.map((shape) => shape.read(ask, readerId)));
    for (const [place, answer] of answers.entries()) {
      if (isDeepStrictEqual(answer, answers[0])) continue;
      throw new Error(`“${SHAPES[place]?.name}” gives other messages to reader ${readerId}.`);
    }
  }
}

/** Lets several ask without a pause, each for another reader; gives how many readers that is a second. */
async function drive(
  asking: ((readerId: number) => Promise<number[]>)[],
  users: number,
  secondsEach: number,
): Promise<number> {
  const startedAtMs = performance.now();
  const endMs = startedAtMs + secondsEach * 1000;
  let next = 0;
  await Promise.all(
    asking.map(async (ask) => {
      while (performance.now() < endMs) await ask(readerAt(next++, users));
    }),
  );
  return next / ((performance.now() - startedAtMs) / 1000);
}

function readerAt(index: number, users: number): number {
  return ((index * STEP) % users) + 1;
}
